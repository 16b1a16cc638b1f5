"""Recordings in object stores: s3://, gs://, az://, file://; each is one request, and copied first.

Decoders jump about in a file, which costs tens of requests and the bytes twice where it is remote.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from audiopipe.errors import UnreadableInput
from audiopipe.store import objects
from audiopipe.store.objects import Bucket, Missing, NoAnswer, path_of
from audiopipe.text.globs import one_of

_ADDRESS = re.compile(r"(?!https?://)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file elsewhere.

    Attributes:
        address: of it.
        below: its path below what was named, or its name.
        size: in bytes.
        changed_s: when, in seconds since the epoch.
        is_named: whether it is what was named itself.
    """

    address: str
    below: str
    size: int
    changed_s: float
    is_named: bool = False


def is_remote(source: object) -> bool:
    """Whether a source is an address of a store; those of the web are not."""
    return isinstance(source, str) and bool(_ADDRESS.match(source))


def entries(address: str) -> list[Entry]:
    """The object of that address, or all below it, or all that fit if it is a pattern.

    Raises:
        UnreadableInput: there is none, or nobody may look.
    """
    with _told():
        bucket, path = Bucket(address), path_of(address)
        if path and not path.endswith("/"):
            try:
                found = bucket.entry(path)
            except Missing:
                pass
            else:
                return [_entry(bucket, path.rpartition("/")[0], found, is_named=True)]
        root = path.rstrip("/")
        fits = re.compile(re.escape(root and f"{root}/") + ".*", re.DOTALL)
        if wild := _WILD.search(path):
            root, fits = path[: wild.start()].rpartition("/")[0], _pattern(path)
        listed = sorted(bucket.entries(root), key=lambda each: each.path)
        taken = [_entry(bucket, root, each) for each in listed if fits.fullmatch(each.path)]
        if not taken:
            raise Missing(f"{bucket.shown}/{path}: no such file")
        return taken


@contextmanager
def fetched(address: str, name: str) -> Iterator[IO[bytes]]:
    """A file of that address, copied to an unnamed temporary one as it comes.

    Args:
        address: of it.
        name: what messages call it.

    Raises:
        UnreadableInput: it cannot be had, or there is no room for it.
    """
    with tempfile.TemporaryFile() as copy:
        with _told(name):
            Bucket(address).copy(path_of(address), copy)
        copy.seek(0)
        yield copy


def _entry(bucket: Bucket, root: str, found: objects.Entry, *, is_named: bool = False) -> Entry:
    below = found.path.removeprefix(root).strip("/")
    address = f"{bucket.root}/{found.path}"
    return Entry(address, below, found.size, found.changed.timestamp(), is_named)


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stop at a slash, `**` does not, as in a shell."""
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", glob, re.DOTALL)
    return re.compile("".join(words.get(part) or one_of(part) for part in parts), re.DOTALL)


@contextmanager
def _told(name: str = "") -> Iterator[None]:
    """Whatever a store does is that file's failure."""
    try:
        yield
    except Missing as error:
        raise UnreadableInput(f"{name}: no such file" if name else str(error)) from error
    except NoAnswer as error:
        raise UnreadableInput(str(error)) from error
    except OSError as error:
        raise UnreadableInput(f"cannot copy {name}: {error.strerror or error}") from error
