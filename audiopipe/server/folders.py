"""Folders that somebody may look into, and nothing outside of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from audiopipe.errors import InputError


class Folders:
    """Files by names that come from elsewhere.

    A name is a path below one of the folders, or an absolute one inside one. One that goes up, or
    over a link, is refused: nobody can tell where it leads tomorrow.

    Args:
        folders: at least one; made absolute once, with their own links followed.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.roots = tuple(dict.fromkeys(folder.resolve() for folder in folders))

    def file(self, name: str) -> Path:
        """A file that is there.

        Raises:
            InputError: it is not, or not inside.
        """
        for path in self._inside(name):
            if path.is_file():
                return path
        raise InputError(f"{name}: no such file in {self._named()}")

    def target(self, folder: Path, name: str) -> Path:
        """Where a result of a name goes, inside one of the folders.

        Raises:
            InputError: the name leads out of it.
        """
        relative = PurePath(name)
        if relative.is_absolute():
            raise InputError(f"{name}: a result has a name, and no absolute path")
        return self._checked(folder, relative, name)

    def below(self, name: str) -> Iterator[Path]:
        """All files below a folder, or below all of them for ""; links are passed over.

        Raises:
            InputError: there is no such folder inside.
        """
        starts = [path for path in self._inside(name) if path.is_dir()] if name else [*self.roots]
        if not starts:
            raise InputError(f"{name}: no such folder in {self._named()}")
        for start in starts:
            yield from _walk(start)

    def shown(self, path: Path) -> str:
        """A file's name as it may be given again: below the one folder, or absolute."""
        if len(self.roots) == 1 and path.is_relative_to(self.roots[0]):
            return path.relative_to(self.roots[0]).as_posix()
        return str(path)

    def _inside(self, name: str) -> Iterator[Path]:
        path = PurePath(name)
        for root in self.roots:
            if not path.is_absolute():
                yield self._checked(root, path, name)
            elif path.is_relative_to(root):
                yield self._checked(root, path.relative_to(root), name)

    def _checked(self, root: Path, below: PurePath, name: str) -> Path:
        if not name or "\0" in name or ".." in below.parts:
            raise InputError(f"{name!r} leads out of {self._named()}")
        path = root
        for part in below.parts:
            path /= part
            if path.is_symlink():
                raise InputError(f"{name}: {part} is a link, which is not followed")
        return path

    def _named(self) -> str:
        return ", ".join(map(str, self.roots))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.is_file():
            yield path
