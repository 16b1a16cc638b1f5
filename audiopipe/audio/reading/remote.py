"""Files of object stores and other places, by fsspec: s3://, gs://, az://, sftp:// and more."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

from audiopipe.errors import UnreadableInput

_ADDRESS = re.compile(r"(?!https?://)[a-z][a-z0-9+.-]*://", re.IGNORECASE)

_COPY_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class Entry:
    """A file elsewhere.

    Attributes:
        address: of it.
        below: its path below what was named, or its name.
        size: in bytes; None where the place does not tell.
        changed_s: when, in seconds since the epoch; None where the place does not tell.
        is_named: whether it is what was named itself.
    """

    address: str
    below: str
    size: int | None
    changed_s: float | None
    is_named: bool = False


def is_remote(source: object) -> bool:
    """Whether a source is an address for fsspec; those of the web are not."""
    return isinstance(source, str) and bool(_ADDRESS.match(source))


def entries(address: str) -> list[Entry]:
    """The file of that address, or all below it, or all that fit if it is a pattern.

    Raises:
        UnreadableInput: there is none, or nobody may look.
    """
    with _told(re.sub("//[^/@]*@", "//***@", address)):
        system, path = _place(address)
        if any(mark in path for mark in "*?["):
            found = system.glob(path, detail=True)
        elif system.isfile(path):
            entry = _entry(system, path, path.rpartition("/")[0], system.info(path))
            return [replace(entry, address=address, is_named=True)]
        else:
            found = system.find(path, detail=True)
        root = re.split(r"[*?\[]", path)[0]
        root = root if root == path else root.rpartition("/")[0]
        files = {name: facts for name, facts in sorted(found.items()) if facts["type"] == "file"}
        if not files:
            raise FileNotFoundError
        return [_entry(system, name, root, facts) for name, facts in files.items()]


@contextmanager
def fetched(address: str, name: str) -> Iterator[IO[bytes]]:
    """A file of that address, copied to an unnamed temporary one as it comes.

    Raises:
        UnreadableInput: it cannot be had, or there is no room for it.
    """
    with tempfile.TemporaryFile() as copy:
        with _told(name):
            system, path = _place(address)
            with system.open(path, "rb") as file:
                shutil.copyfileobj(file, copy, _COPY_BYTES)
        copy.seek(0)
        yield copy


def _place(address: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    system, path = url_to_fs(address)
    return system, path


def _entry(system: Any, name: str, root: str, facts: Mapping[str, Any]) -> Entry:
    changed = facts.get("LastModified") or facts.get("mtime") or facts.get("created")
    if isinstance(changed, datetime):
        changed = changed.timestamp()
    return Entry(
        system.unstrip_protocol(name),
        name.removeprefix(root).strip("/"),
        facts.get("size"),
        float(changed) if isinstance(changed, int | float) else None,
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Whatever a store's library raises is that file's failure."""
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableInput(f"{name}: no such file") from error
    except ImportError as error:
        raise UnreadableInput(
            f"cannot read {name}: {error}; pip install 'audiopipe[remote]' reads s3:// and gs://"
        ) from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableInput(f"cannot read {name}: {reason}") from error
