"""The names of results: one rule for all that makes files of several inputs.

Results are named after their input without its ending, below the folder that was named; behind that
comes the ending of each format. Inputs whose results would be the same file keep their ending, all
of them; those that still would be, and all but the first of one name from several folders, get a
number. What is too long for a file system is cut, and told from others by a hash.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from audiopipe.errors import UsageError
from audiopipe.render import RENDERERS, stem_of

_log = logging.getLogger("audiopipe")

_MOST_BYTES = 200
"""Of a name, so that endings such as `.verbose.json` fit into the 255 bytes of file systems."""


ENDINGS = ("", *(renderer.ending for renderer in RENDERERS.values()))
"""What stands behind a name in the files of a transcript, and nothing, for a folder of chunks."""


def harmless(path: str) -> str:
    """A file name from the last part of a path or address."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return re.sub(r"[^\w.\- ]", "_", last).lstrip(".") or "download"


def distinct(
    names: Sequence[str],
    endings: Iterable[str] = ENDINGS,
    stem_of: Callable[[PurePath], str] = lambda name: name.stem,
) -> list[str]:
    """A stem for each name, so that no two results are one file; what is named apart is told.

    Args:
        names: of inputs, paths with their endings; one that is empty (`.`) stays so.
        endings: of all results that an input may have. All of them count where a later run is to
            find the same names, whichever formats it is asked for.
        stem_of: a name without its ending.

    Returns:
        Stems, in the order of the names, with slashes.
    """
    known = tuple(endings)
    # as text: a hundred thousand paths take four times as much
    bare = [_bare(PurePath(name), stem_of).as_posix() for name in names]
    shared = _shared(bare, known)
    if not shared:
        return bare
    used = Used(known)
    stems = []
    for name, short in zip(map(PurePath, names), bare, strict=True):
        wanted = PurePath(short)
        is_shared = any(file in shared for file in files(wanted, known))
        stem = free(shortened(name) if is_shared else wanted, used, known) if name.name else name
        used.add(stem)
        stems.append(stem.as_posix())
    odd = [
        (name, stem) for name, short, stem in zip(names, bare, stems, strict=True) if stem != short
    ]
    if odd:
        more = f", and {len(odd) - 1} more" if len(odd) > 1 else ""
        _log.warning("named apart, as results would be the same file: %s as %s%s", *odd[0], more)
    return stems


def _shared(stems: Sequence[str], endings: Collection[str]) -> set[str]:
    """The files that several stems would have."""
    roots = Counter(map(_root_of, stems))
    near = [PurePath(stem) for stem in stems if roots[_root_of(stem)] > 1]
    owners = Counter(file for stem in near for file in set(files(stem, endings)))
    return {file for file, count in owners.items() if count > 1}


def results(
    sources: Sequence[Path], folder: Path | None, endings: Sequence[str]
) -> list[tuple[Path, ...]]:
    """For each source the files of its results, one for each ending.

    Args:
        sources: files that are read.
        folder: where results go; None is beside the source.
        endings: of what is made of each.

    Raises:
        UsageError: a result would be written over another source.
    """
    names = [str(folder / source.name if folder else source) for source in sources]
    stems = distinct(names, endings, lambda name: stem_of(Path(name)))
    made_of = [tuple(Path(f"{stem}{ending}") for ending in endings) for stem in stems]
    read = {os.path.realpath(source): source for source in sources}
    for source, made in zip(sources, made_of, strict=True):
        for file in made:
            if read.get(os.path.realpath(file), source) != source:
                raise UsageError(f"{file} of {source} would be written over an input: name -o DIR")
    return made_of


class Used:
    """Files that are somebody's, by the stems that they belong to.

    Of a hundred thousand stems the files are two million: they are spelled out only where two stems
    are the same up to their first dot, as all endings begin with one.

    Args:
        endings: of all results that an input may have.
    """

    def __init__(self, endings: Collection[str] = ENDINGS) -> None:
        self._endings = endings
        self._alone: dict[str, str] = {}
        self._near: set[str] = set()
        self._files: set[str] = set()

    def add(self, stem: PurePath) -> None:
        """Its files are somebody's now."""
        root = _root_of(str(stem))
        if root in self._alone:
            self._near.add(root)
            self._files.update(files(PurePath(self._alone.pop(root)), self._endings))
        if root in self._near:
            self._files.update(files(stem, self._endings))
        elif stem.name:
            self._alone[root] = str(stem)

    def has_one_of(self, stem: PurePath) -> bool:
        """Whether a file of a stem is somebody's."""
        root = _root_of(str(stem))
        is_near = root in self._alone or root in self._near
        return is_near and any(file in self for file in files(stem, self._endings))

    def __contains__(self, file: object) -> bool:
        name = str(file)
        stem = self._alone.get(_root(name))
        if name in self._files:
            return True
        return stem is not None and name in files(PurePath(stem), self._endings)


def free(stem: PurePath, used: Container[str], endings: Collection[str] = ENDINGS) -> PurePath:
    """The stem, with the first number behind it that makes its files nobody else's.

    Args:
        stem: of an input.
        used: what `files` gives for others.
        endings: of all results that an input may have.
    """
    found, number = stem, 1
    while any(file in used for file in files(found, endings)):
        number += 1
        found = stem.with_name(f"{stem.name}-{number}")
    return found


def files(stem: PurePath, endings: Iterable[str] = ENDINGS) -> Iterator[str]:
    """What tells the files of a stem from all others."""
    if stem.name:
        yield from (_folded(stem.with_name(stem.name + ending)) for ending in endings)


def _bare(name: PurePath, stem_of: Callable[[PurePath], str]) -> PurePath:
    """The name without its ending; `..mp3` has none that could be taken away."""
    stem = stem_of(name)
    return shortened(name.with_name(stem)) if stem.strip(".") else name


def shortened(stem: PurePath) -> PurePath:
    """The name, cut where it is too long for a file system, and told from others by a hash."""
    name = os.fsencode(stem.name)
    if len(name) <= _MOST_BYTES:
        return stem
    mark = hashlib.sha256(name).hexdigest()[:8]
    cut = name[: _MOST_BYTES - 9].decode("utf-8", "surrogateescape")
    # a character that was cut in half is none of the name's
    while not stem.name.startswith(cut):
        cut = cut[:-1]
    return stem.with_name(f"{cut}~{mark}")


def _root_of(stem: str) -> str:
    return _root(_folded(PurePath(stem)))


def _root(file: str) -> str:
    """The path up to the first dot of its name."""
    folder, slash, name = file.rpartition(os.sep)
    return folder + slash + name.partition(".")[0]


def _folded(path: PurePath) -> str:
    """Names that differ in case alone are one file on many systems."""
    return str(path).casefold()
