"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from audiopipe.errors import OutputError, UnwritableName
from audiopipe.store.files import replacing
from audiopipe.text.redaction import secrets_of, without_secrets

_OWN_FAULTS = frozenset(
    {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}
)
"""What lies with one name: a folder has it already, or the file system cannot hold it."""


def write(content: str | bytes | Iterable[str], path: Path) -> Path:
    """Write a file that is never seen half-written: a temporary file beside it is renamed.

    Missing folders are made, and line ends are kept as they are. Characters that UTF-8 cannot
    hold (a file name that is not text) become `\\udcNN`, which is also how JSON spells them. Keys
    of the environment are left out of text, whoever let them get there.

    Args:
        content: all of it, or pieces of a long text, none of which ends in the middle of a key;
            text is written as UTF-8.
        path: where it goes; what stands there is replaced.

    Returns:
        The path.

    Raises:
        OutputError: nothing was written, and an older file at the path is untouched;
            `UnwritableName` where others can be written.
    """
    pieces = [content] if isinstance(content, str) else content
    secrets = secrets_of(os.environ)
    try:
        with replacing(path) as temporary, temporary.open("wb") as file:
            if isinstance(pieces, bytes):
                file.write(pieces)
            else:
                for piece in pieces:
                    clean = without_secrets(piece, secrets)
                    file.write(clean.encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = error.strerror or error
        if error.errno in _OWN_FAULTS:
            raise UnwritableName(
                f"cannot write {path}: {reason}; move away what is there"
            ) from error
        raise OutputError(
            f"cannot write {path}: {reason}; choose another folder or free space"
        ) from error
    return path


def write_whole(content: str | bytes, path: Path) -> Path:
    """As `write`, with a line end behind text."""
    if isinstance(content, str) and not content.endswith("\n"):
        content += "\n"
    return write(content, path)


def require_room(folder: Path, size_bytes: int = 0) -> None:
    """Make a folder and try to write into it, before what goes there is paid for.

    Args:
        folder: where results go.
        size_bytes: about how much; a mebibyte is asked for besides.

    Raises:
        OutputError: nothing can be written there, or not so much.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as trial:
            trial.write(b"audiopipe")
            trial.flush()
        free_bytes = shutil.disk_usage(folder).free
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"cannot write into {folder}: {reason}; choose another folder, or free space"
        ) from error
    needed = size_bytes + _SPARE_BYTES
    if free_bytes < needed:
        raise OutputError(
            f"{folder} has room for {free_bytes / 1e6:.1f} MB, and about {needed / 1e6:.1f} MB are "
            "to be written: choose another folder, or free space"
        )


_SPARE_BYTES = 1 << 20
