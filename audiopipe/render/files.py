"""Files written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

from audiopipe.errors import OutputError, UnwritableName
from audiopipe.store.files import replacing

_OWN_FAULTS = frozenset(
    {errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY, errno.ENAMETOOLONG, errno.EILSEQ}
)
"""What lies with one name: a folder has it already, or the file system cannot hold it."""


def write(content: str | bytes, path: Path) -> Path:
    """Write a file that is never seen half-written: a temporary file beside it is renamed.

    Missing folders are made, and line ends are kept as they are. Characters that UTF-8 cannot
    hold (a file name that is not text) become `\\udcNN`, which is also how JSON spells them.

    Args:
        content: all of it; text is written as UTF-8.
        path: where it goes; what stands there is replaced.

    Returns:
        The path.

    Raises:
        OutputError: nothing was written, and an older file at the path is untouched;
            `UnwritableName` where others can be written.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
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
