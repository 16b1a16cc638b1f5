"""Where results go: a folder, or a prefix of an object store. Each file is written whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from audiopipe.errors import InputError, OutputError
from audiopipe.render import require_room, write
from audiopipe.settings import is_elsewhere
from audiopipe.store.files import locked, sweep
from audiopipe.store.objects import Bucket, Missing, NoAnswer, Overtaken, path_of

_MOST_RACES = 100


class Place(ABC):
    """Where results go. Names are paths below it, with slashes."""

    shown: str
    """What users call it."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None if there is none.

        Raises:
            InputError: it cannot be read.
        """

    @abstractmethod
    def changed_s(self, name: str) -> float | None:
        """When a file was written last, in seconds since the epoch; None if there is none."""

    @abstractmethod
    def write(self, name: str, content: str | bytes) -> None:
        """Write a file whole, over what is there.

        Raises:
            OutputError: nothing was written.
        """

    @abstractmethod
    def replace(self, name: str, make: Callable[[bytes | None], Iterable[str]], mark: str) -> str:
        """Write a file from what others have made of it, so that nothing of theirs is lost.

        Args:
            name: of the file.
            make: the new text, in pieces that end no secret in its middle, such as lines; of the
                bytes that are there, or of None where nothing is there, or nothing but what was
                written when `mark` was given. It may be called again.
            mark: what the last call gave; "" at first.

        Returns:
            A mark of what is there now.

        Raises:
            OutputError: nothing was written.
        """

    @abstractmethod
    def require(self, size_bytes: int) -> None:
        """Try to write there, before what goes there is paid for.

        Raises:
            OutputError: nothing can be written, or not so much.
        """


class Folder(Place):
    """A folder of the disk."""

    def __init__(self, path: Path) -> None:
        self._path, self.shown = path, str(path)

    def read(self, name: str) -> bytes | None:
        path = self._path / name
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error

    def changed_s(self, name: str) -> float | None:
        path = self._path / name
        sweep(path.parent)
        with suppress(OSError):
            return path.stat().st_mtime if path.is_file() else None
        return None

    def write(self, name: str, content: str | bytes) -> None:
        write(content, self._path / name)

    def replace(self, name: str, make: Callable[[bytes | None], Iterable[str]], mark: str) -> str:
        path = self._path / name
        with locked(path):
            theirs = None
            if self._mark(path) not in ("", mark):
                try:
                    theirs = self.read(name)
                except InputError as error:
                    raise OutputError(str(error)) from error
            write(make(theirs), path)
            return self._mark(path)

    def require(self, size_bytes: int) -> None:
        require_room(self._path, size_bytes)

    def _mark(self, path: Path) -> str:
        """Changes with each write."""
        with suppress(FileNotFoundError, NotADirectoryError):
            stat = path.stat()
            return f"{stat.st_ino} {stat.st_mtime_ns}"
        return ""


class Prefix(Place):
    """A prefix of a bucket."""

    def __init__(self, address: str) -> None:
        self.shown = address.rstrip("/")
        self._prefix = path_of(self.shown)
        try:
            self._bucket = Bucket(address)
        except NoAnswer as error:
            raise OutputError(str(error)) from error

    def read(self, name: str) -> bytes | None:
        try:
            return self._bucket.read(self._path(name))
        except Missing:
            return None
        except NoAnswer as error:
            raise InputError(str(error)) from error

    def changed_s(self, name: str) -> float | None:
        try:
            return self._bucket.entry(self._path(name)).changed.timestamp()
        except Missing:
            return None
        except NoAnswer as error:
            raise InputError(str(error)) from error

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
        try:
            self._bucket.write(self._path(name), data)
        except NoAnswer as error:
            raise OutputError(f"cannot write: {error}") from error

    def replace(self, name: str, make: Callable[[bytes | None], Iterable[str]], mark: str) -> str:
        path = self._path(name)
        try:
            for _ in range(_MOST_RACES):
                theirs, tag = self._there(path)
                text = "".join(make(None if tag == mark else theirs))
                with suppress(Overtaken):
                    data = text.encode("utf-8", "backslashreplace")
                    return self._bucket.write(path, data, over=tag)
        except NoAnswer as error:
            raise OutputError(f"cannot write: {error}") from error
        raise OutputError(f"cannot write {self.shown}/{name}: too many write it at once")

    def require(self, size_bytes: int) -> None:
        self.write(".audiopipe", b"")

    def _there(self, path: str) -> tuple[bytes | None, str]:
        try:
            return self._bucket.read_with_tag(path)
        except Missing:
            return None, ""

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}".lstrip("/")


def place_of(where: Path | str) -> Place:
    """The place that a path or an address names.

    Raises:
        OutputError: an address of no store, or the library for stores is not installed.
    """
    if isinstance(where, str) and where.startswith("file://"):
        return Folder(Path(unquote(urlsplit(where).path)))
    if isinstance(where, str) and is_elsewhere(where):
        return Prefix(where)
    return Folder(Path(where))
