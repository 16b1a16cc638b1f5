"""What of a good reply may be a transcript: by its media type, its beginning and its shape."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from audiopipe.backends.wire.complaint import complaint
from audiopipe.backends.wire.decode import json_of, lossy_text_of, text_of, words_in
from audiopipe.backends.wire.events import data_of
from audiopipe.errors import BadReply
from audiopipe.text.clean import one_line

_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json|application/problem\+json")
_TEXT = re.compile(r"text/|application/(octet-stream|x-subrip|srt|vtt)|$")
"""Types that may hold plain text; servers name some of them, or none, for anything."""

_MARKUP = re.compile(r"\s*<(!doctype|!--|\?xml|[a-z][\w:.-]*[\s/>])", re.IGNORECASE)

_TAG = re.compile(r"</?[a-z][\w-]*(\s[^<>]*)?/?>|&(nbsp|amp|lt|gt|#\d+);", re.IGNORECASE)
"""Anywhere in what calls itself HTML: some servers call plain text so, which has none."""

_EXCUSE = re.compile(
    r"(\d{3} )?(internal server error|bad gateway|service (temporarily )?unavailable|"
    r"gateway time-?out|too many requests|unauthorized|forbidden|(page )?not found|bad request|"
    r"method not allowed|request entity too large|payload too large|request timeout|"
    r"404 page not found|ok|error|null|none|undefined)[.!]?"
    r"|(error|exception|traceback|upstream (connect|request)|no healthy upstream|fatal|panic)\b.*"
    r"|rate limit.*|invalid api key.*|.*: command not found",
    re.IGNORECASE | re.DOTALL,
)
"""What proxies and servers say in plain text and with a good status. Speech may begin like it, and
then is longer."""

_LONGEST_EXCUSE = 300


def answer_of(content: bytes, content_type: str, *, may_be_empty: bool = False) -> str:
    """The reply as JSON: an object with a text or segments, or a text.

    Args:
        content: the body.
        content_type: its header; "" where there is none.
        may_be_empty: whether nothing at all is an answer, as of silence where text was asked for.

    Raises:
        BadReply: it is no transcript; the message has the server's own words.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if not (_JSON.fullmatch(media_type) or _TEXT.match(media_type) or content[:1] == b"{"):
        shown = words_in(lossy_text_of(content[:8000], content_type))
        raise BadReply(f"the reply is {media_type[:60]}, not a transcript: {shown!r}")
    text = text_of(content, content_type)
    begin = text.lstrip()[:1]
    if media_type == "text/event-stream" or text.startswith(("data:", "event:")):
        return _told(data_of([text.encode()]))
    if _JSON.fullmatch(media_type) or begin == "{":
        _object(json_of(text))
        return text
    if begin == "[":
        with suppress(BadReply):  # "[Music]" is text
            _object(json_of(text))
            return text
    check_text(text)
    if "html" in media_type and _TAG.search(text):
        raise BadReply(f"the reply is a web page, not a transcript: {words_in(text)!r}")
    if not text.strip() and not may_be_empty:
        raise BadReply("the reply is empty")
    return json.dumps(text)


def body_of(answer: bytes) -> Mapping[str, Any] | str:
    """What `answer_of` gave, read again, now or in a later run.

    Raises:
        BadReply: it is no transcript.
    """
    body = json_of(answer)
    if isinstance(body, str):
        check_text(body)
        return body
    return _object(body)


def check_text(text: str) -> None:
    """Raise if a text is a web page, markup or the excuse of a server.

    Raises:
        BadReply: it is.
    """
    if _MARKUP.match(text) and re.search(r"</|/>|<br|<html|<!doctype", text[:20_000], re.I):
        raise BadReply(f"the reply is a web page or markup, not a transcript: {words_in(text)!r}")
    if len(text) <= _LONGEST_EXCUSE and _EXCUSE.fullmatch(text.strip()):
        raise BadReply(f"the reply is no transcript, but {one_line(text)!r}")


def _object(body: Any) -> Mapping[str, Any]:
    """The body, if it can hold a transcript."""
    if isinstance(body, list) and body and all(_is_segment(each) for each in body):
        body = {"segments": body}
    if isinstance(body, str):
        body = {"text": body}
    if not isinstance(body, dict):
        raise BadReply(f"the reply is a {type(body).__name__}, not an object")
    if told := complaint(body):
        raise BadReply(f"the reply is an error: {one_line(told.message or told.code)}")
    if isinstance(body.get("text"), str):
        check_text(body["text"])
    elif not isinstance(body.get("segments"), list):
        names = ", ".join(map(str, body)) or "nothing"
        raise BadReply(f"the reply holds no text, but {one_line(names, 100)}")
    return body


def _is_segment(each: object) -> bool:
    return isinstance(each, dict) and isinstance(each.get("text"), str)


def _told(events: Iterable[str]) -> str:
    """The transcript in a stream of events: OpenAI's last one has it whole, others its pieces."""
    pieces: list[str] = []
    for data in events:
        if data.strip() == "[DONE]":
            return json.dumps("".join(pieces))
        event = json_of(data)
        if told := complaint(event):
            raise BadReply(f"the reply is an error: {one_line(told.message or told.code)}")
        if not isinstance(event, dict):
            break
        if str(event.get("type", "")).endswith(".done") and isinstance(event.get("text"), str):
            return json.dumps(event)
        piece = event.get("delta", event.get("text"))
        pieces += [piece] if isinstance(piece, str) else []
    raise BadReply(f"the reply is a stream without an end: {one_line(''.join(pieces), 60)!r}")
