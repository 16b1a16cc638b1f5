"""The one door to object stores: s3://, gs://, az:// and file://, by obstore.

Credentials, region and endpoint are those of the environment, as each provider's own tools have
them: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_...
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PIECE_BYTES = 1 << 22
_NO_BUCKET = re.compile("NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_ANSWER = re.compile(
    r"status code: (?P<status>[^:\n]*):?(.*?<Code>(?P<code>\w+)</Code>)?", re.DOTALL
)
_PATIENCE: Any = {
    "max_retries": 10,
    "backoff": {
        "init_backoff": timedelta(seconds=0.2),
        "max_backoff": timedelta(seconds=3),
        "base": 3,
    },
    "retry_timeout": timedelta(seconds=60),
}
"""Some twelve seconds in the mean: a store that is asked for too much says so for a while."""
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AZURE_STORAGE_ENDPOINT")


class NoAnswer(Exception):
    """The store cannot be asked, or refuses; the message is one line without secrets."""


class Missing(NoAnswer):
    """There is no such object."""


class Overtaken(NoAnswer):
    """Somebody else has written the object meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object.

    Attributes:
        path: below the bucket.
        size: in bytes.
        changed: when it was written last.
        tag: changes with its content.
    """

    path: str
    size: int
    changed: datetime
    tag: str = ""


class Bucket:
    """A bucket, or the root of the disk; opened once and used from many threads.

    Args:
        address: of it or of anything in it.

    Raises:
        NoAnswer: an address of no store, or the library is not installed.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.root = f"{parts.scheme}://{parts.netloc}"
        self.shown = re.sub("//[^/@]*@", "//***@", self.root)
        with told(self.shown):
            self._store = _opened(self.root)

    def read(self, path: str) -> bytes:
        """The object's bytes."""
        import obstore

        with told(f"{self.shown}/{path}"):
            return bytes(obstore.get(self._store, path).bytes())

    def read_with_tag(self, path: str) -> tuple[bytes, str]:
        """The object's bytes, and its tag for `write`."""
        import obstore

        with told(f"{self.shown}/{path}"):
            found = obstore.get(self._store, path)
            return bytes(found.bytes()), _tag(found.meta)

    def copy(self, path: str, file: IO[bytes]) -> None:
        """Write the object into a file, by one request, as it comes.

        Raises:
            OSError: of the file.
        """
        import obstore

        with told(f"{self.shown}/{path}"):
            pieces = obstore.get(self._store, path).stream(min_chunk_size=_PIECE_BYTES)
            for piece in pieces:
                file.write(piece)

    def write(self, path: str, data: bytes, *, over: str | None = None) -> str:
        """Write the object, whole or not at all.

        Args:
            path: below the bucket.
            data: its bytes.
            over: tag of what may be replaced, "" for nothing; None for whatever is there.

        Returns:
            The tag of what was written.

        Raises:
            Overtaken: something else is there.
        """
        import obstore

        mode: Any = "overwrite" if over is None else json.loads(over) if over else "create"
        with told(f"{self.shown}/{path}"):
            # parts cannot be put under a condition
            done = obstore.put(self._store, path, data, mode=mode, use_multipart=False)
            return _tag(done)

    def entry(self, path: str) -> Entry:
        """What is known of the object."""
        import obstore

        with told(f"{self.shown}/{path}"):
            return _entry(obstore.head(self._store, path))

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """The objects below a folder, in no order."""
        import obstore

        with told(f"{self.shown}/{prefix}"):
            for batch in obstore.list(self._store, prefix or None):
                yield from (_entry(each) for each in batch)

    def delete(self, path: str) -> None:
        """Delete the object."""
        import obstore

        with told(f"{self.shown}/{path}"):
            obstore.delete(self._store, path)


def path_of(address: str) -> str:
    """The path below its bucket, as it stands in the address: `?` and `#` are characters of it."""
    _, _, rest = address.partition("://")
    return rest.partition("/")[2]


@contextmanager
def told(name: str) -> Iterator[None]:
    """Whatever the library raises, in one line that names what was asked for.

    Raises:
        NoAnswer: that.
    """
    try:
        yield
    except ImportError as error:
        raise NoAnswer(f"cannot reach {name}: pip install 'audiopipe[cloud]'") from error
    except FileNotFoundError as error:
        if why := _NO_BUCKET.search(str(error)):
            raise NoAnswer(f"cannot reach {name}: there is no such bucket ({why[0]})") from error
        raise Missing(f"{name}: no such file") from error
    except (NoAnswer, OSError):
        raise
    except Exception as error:
        from obstore import exceptions

        if isinstance(error, exceptions.AlreadyExistsError | exceptions.PreconditionError):
            raise Overtaken(f"{name} was written by somebody else") from error
        raise NoAnswer(f"cannot reach {name}: {_line(error)}") from error


def _line(error: Exception) -> str:
    """The first words of what may be a page, without what was signed and without passwords."""
    if answer := _ANSWER.search(str(error)):
        return f"it answers {answer['status'].strip()} {answer['code'] or ''}".strip()
    text = re.sub(r"//[^/@\s]*@", "//***@", re.sub(r"\?[^\s\"']*", "", str(error)))
    text = " ".join(text.split("\n\n", 1)[0].split()) or type(error).__name__
    return text[:300]


def _entry(meta: Mapping[str, Any]) -> Entry:
    return Entry(meta["path"], meta["size"], meta["last_modified"], meta["e_tag"] or "")


def _tag(meta: Mapping[str, Any]) -> str:
    """What is known of a version: S3 and Azure ask for the one part of it, GCS for the other."""
    return json.dumps({name: meta[name] for name in ("e_tag", "version") if meta[name]})


def _opened(root: str) -> ObjectStore:
    from obstore.store import from_url

    if root.startswith("file:"):
        return from_url("file:///")
    more: dict[str, Any] = {"retry_config": _PATIENCE}
    emulator = os.environ.get("STORAGE_EMULATOR_HOST", "") if root.startswith("gs:") else ""
    if emulator:
        more["service_account_key"] = json.dumps(
            {"gcs_base_url": emulator, "disable_oauth": True}
            | dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        )
    if any(
        each.startswith("http://") for each in (emulator, *map(os.environ.get, _ENDPOINTS)) if each
    ):
        more["client_options"] = {"allow_http": True}
    return from_url(root, **more)
