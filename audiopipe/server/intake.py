"""Request bodies as forms: multipart, JSON with the recording inside, and addresses to fetch."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any, cast

from multipart import MultipartError, MultipartSegment, PushMultipartParser
from starlette.requests import ClientDisconnect, Request

from audiopipe.backends.http.download import download
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError
from audiopipe.server import forms
from audiopipe.server.forms import Ask
from audiopipe.server.network import allow
from audiopipe.server.refusals import Refusal, refusal_of
from audiopipe.server.spool import Spool, Upload, Writer

FILES = ("file", "audio_file", "audio")
"""Names of the part that holds the recording: OpenAI's, Bazarr's, DeepInfra's."""

_MOST_PARTS = 64
_MOST_FIELD_BYTES = 1 << 20
MOST_JSON_BYTES = 48_000_000
"""Of a body of JSON, which is read whole: Open WebUI cuts at 20 MB, which is 27 MB as base64."""


@dataclass(frozen=True, slots=True)
class Form:
    """A request's fields, each with all its values, and its recording, if it has one."""

    fields: Mapping[str, tuple[str, ...]]
    upload: Upload | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """Reads request bodies.

    Attributes:
        spool: where recordings go.
        pause_s: the longest wait for the next bytes.
        fetch: which addresses may be fetched, see `Settings.fetch`.
        stop: ends downloads.
    """

    spool: Spool
    pause_s: float
    fetch: str
    stop: Stop

    async def read(self, request: Request, *, raw: bool = False) -> Form:
        """The fields of the query and of the body, and the recording.

        Args:
            request: its body was not read yet.
            raw: whether the recording is samples without a header; see `Spool.begin`.

        Raises:
            Refusal: it cannot be read, is too large, or an address in it cannot be fetched.
        """
        kind = Message()
        kind["content-type"] = request.headers.get("content-type", "")
        query = _listed(request.query_params.multi_items())
        match kind.get_content_type():
            case "multipart/form-data":
                form = await self._multipart(request, str(kind.get_boundary("")), raw)
            case "application/json":
                form = await self._json(request)
            case _:
                raise Refusal(415, "send the recording as multipart/form-data, or as JSON")
        if form.upload is None and (url := form.fields.get("url", ("",))[0]):
            form = Form(form.fields, await self._fetched(url))
        return Form({**query, **form.fields}, form.upload)

    def asked(self, form: Form, read: Callable[[forms.Fields], Ask]) -> tuple[Upload, Ask]:
        """The recording of a form, and what is asked of it.

        Raises:
            Refusal: as `read` does, or there is no recording; nothing of the form is left.
        """
        upload = form.upload
        try:
            ask = read(form.fields)
        except Refusal:
            if upload:
                self.spool.drop(upload)
            raise
        if upload is None:
            message = "there is no recording: send it in the part file, or its address in url"
            raise Refusal(400, message, "missing_file", "file")
        if not upload.size:
            self.spool.drop(upload)
            raise Refusal(400, f"{upload.name} is empty: 0 bytes", "empty_audio", "file")
        return upload, ask

    async def json(self, request: Request) -> dict[str, Any]:
        """The object that a body is.

        Raises:
            Refusal: it is none, or too large.
        """
        body = bytearray()
        async for data in self._pieces(request):
            body += data
            if len(body) > MOST_JSON_BYTES:
                most = MOST_JSON_BYTES // 1_000_000
                message = f"the JSON is larger than {most} MB: send the recording as a form"
                raise Refusal(413, message, "request_too_large")
        try:
            value = await asyncio.to_thread(_value, body)
        except (ValueError, RecursionError) as error:
            raise Refusal(400, f"the body is no JSON: {ascii(str(error))[1:-1]}") from None
        if not isinstance(value, dict):
            raise Refusal(400, "the body is no JSON object")
        return value

    async def _multipart(self, request: Request, boundary: str, raw: bool) -> Form:
        reading = _Reading(self.spool, raw)
        try:
            with PushMultipartParser(
                boundary, max_segment_count=_MOST_PARTS, max_header_count=16
            ) as parser:
                async for data in self._pieces(request):
                    for event in parser.parse(data):
                        reading.take(event)
            return Form(reading.fields, reading.upload)
        except MultipartError as error:
            reading.abandon()
            raise Refusal(400, f"the form cannot be read: {error}") from None
        except BaseException:
            reading.abandon()
            raise

    async def _pieces(self, request: Request) -> AsyncIterator[bytes]:
        """What arrives, none of it empty."""
        stream = request.stream()
        while True:
            try:
                data = await asyncio.wait_for(anext(stream), self.pause_s)
            except StopAsyncIteration:
                return
            except ClientDisconnect:
                raise Refusal(499, "the client is gone", "disconnected") from None
            except TimeoutError:
                message = f"nothing of the upload came in {self.pause_s:g} s"
                raise Refusal(408, message, "upload_timeout") from None
            if data:
                yield data

    async def _json(self, request: Request) -> Form:
        """A form whose recording is `input_audio`: base64, as Open WebUI sends it."""
        told = await self.json(request)
        audio = told.pop("input_audio", None)
        fields = {
            name: tuple(map(_text, value if isinstance(value, list) else [value]))
            for name, value in told.items()
            if value not in (None, [])
        }
        if audio is None:
            return Form(fields)
        if not isinstance(audio, dict) or not isinstance(audio.get("data"), str):
            raise Refusal(400, "input_audio is not {data, format}", param="input_audio")
        name = f"audio.{audio.get('format') or 'wav'}"
        return Form(fields, await asyncio.to_thread(self._decoded, audio["data"], name))

    def _decoded(self, text: str, name: str) -> Upload:
        """A recording in base64, of either alphabet."""
        try:
            data = base64.b64decode(text.encode("ascii"), altchars=_alphabet(text), validate=True)
        except (ValueError, binascii.Error):
            raise Refusal(400, "the recording is no base64", "invalid_base64") from None
        return self._written(lambda writer: writer.write(data), name)

    async def _fetched(self, url: str) -> Upload:
        """A recording at an address, or in a `data:` one."""
        if url.startswith("data:"):
            head, _, data = url.partition(",")
            if not head.endswith(";base64"):
                raise Refusal(400, "a data: address must be base64", param="url")
            kind = head[5:].partition(";")[0].rpartition("/")[2]
            return await asyncio.to_thread(self._decoded, data, f"audio.{kind}")
        return await asyncio.to_thread(self._downloaded, url)

    def _downloaded(self, url: str) -> Upload:
        def fetch(writer: Writer) -> None:
            target = cast("IO[bytes]", _Target(writer))
            download(url, target, stop=self.stop, allow=lambda each: allow(each, self.fetch))

        try:
            return self._written(fetch, url.partition("?")[0])
        except AudiopipeError as error:
            raise refusal_of(error) from error

    def _written(self, write: Callable[[Writer], object], name: str) -> Upload:
        writer = self.spool.begin(name)
        try:
            write(writer)
            return writer.done()
        except BaseException:
            writer.abandon()
            raise


class _Target:
    """An upload as a file to download into, which is only ever written at its end or begun anew."""

    def __init__(self, writer: Writer) -> None:
        self.write, self.truncate = writer.write, writer.restart
        self._writer = writer

    def tell(self) -> int:
        return self._writer.size

    def seek(self, offset: int, whence: int = 0) -> int:
        """Nothing is read again."""
        return self.tell() if whence else offset


class _Reading:
    """Takes the events of the parser."""

    def __init__(self, spool: Spool, raw: bool) -> None:
        self._spool, self._raw = spool, raw
        self._writer: Writer | None = None
        self._name, self._value = "", bytearray()
        self._is_text = False
        self.fields: dict[str, tuple[str, ...]] = {}
        self.upload: Upload | None = None

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if isinstance(event, MultipartSegment):
            self._begin(event)
        elif event is None:
            self._end()
        elif self._writer:
            self._writer.write(event)
        elif self._is_text:
            self._value += event
            if len(self._value) > _MOST_FIELD_BYTES:
                raise Refusal(413, f"the field {self._name} is too large", param=self._name)

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._writer:
            self._writer.abandon()
        if self.upload:
            self._spool.drop(self.upload)

    def _begin(self, part: MultipartSegment) -> None:
        self._name, self._value = part.name or "", bytearray()
        self._is_text = part.filename is None
        if not self._is_text and self._name in FILES and not self.upload:
            self._writer = self._spool.begin(part.filename or "", raw=self._raw)

    def _end(self) -> None:
        if self._writer:
            self.upload, self._writer = self._writer.done(), None
        elif self._is_text:
            text = self._value.decode("utf-8", "replace")
            self.fields |= _listed([(self._name, text)], self.fields)


def _listed(
    pairs: Iterable[tuple[str, str]], before: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, tuple[str, ...]]:
    """All values of each name, which may end in brackets."""
    fields = dict(before or {})
    for name, value in pairs:
        plain = name.removesuffix("[]")
        fields[plain] = (*fields.get(plain, ()), value)
    return fields


def _value(body: bytearray) -> Any:
    """The value of a body.

    Raises:
        ValueError: it is no JSON, or has text that is no Unicode, such as half a surrogate pair.
    """
    value = json.loads(body)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _alphabet(text: str) -> bytes | None:
    return b"-_" if "-" in text or "_" in text else None
