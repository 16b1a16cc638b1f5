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
    names: Sequence[PurePath],
    endings: Iterable[str] = ENDINGS,
    stem_of: Callable[[PurePath], str] = lambda name: name.stem,
) -> list[PurePath]:
    """A stem for each name, so that no two results are one file; what is named apart is told.

    Args:
        names: of inputs, with their endings; one that is empty stays so.
        endings: of all results that an input may have. All of them count where a later run is to
            find the same names, whichever formats it is asked for.
        stem_of: a name without its ending.

    Returns:
        Stems, in the order of the names.
    """
    known = tuple(endings)
    bare = [_bare(name, stem_of) for name in names]
    roots = Counter(map(_root_of, bare))
    near = [stem for stem in bare if roots[_root_of(stem)] > 1]
    owners = Counter(file for stem in near for file in set(files(stem, known)))
    used = Used(known)
    stems = []
    for name, short in zip(names, bare, strict=True):
        is_shared = bool(owners) and any(owners[file] > 1 for file in files(short, known))
        stem = free(shortened(name) if is_shared else short, used, known) if name.name else name
        used.add(stem)
        stems.append(stem)
    odd = [
        (name, stem) for name, short, stem in zip(names, bare, stems, strict=True) if stem != short
    ]
    if odd:
        more = f", and {len(odd) - 1} more" if len(odd) > 1 else ""
        _log.warning("named apart, as results would be the same file: %s as %s%s", *odd[0], more)
    return stems


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
    names = [folder / source.name if folder else source for source in sources]
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
        self._alone: dict[str, PurePath] = {}
        self._near: set[str] = set()
        self._files: set[str] = set()

    def add(self, stem: PurePath) -> None:
        """Its files are somebody's now."""
        root = _root_of(stem)
        if root in self._alone:
            self._near.add(root)
            self._files.update(files(self._alone.pop(root), self._endings))
        if root in self._near:
            self._files.update(files(stem, self._endings))
        elif stem.name:
            self._alone[root] = stem

    def __contains__(self, file: object) -> bool:
        name = str(file)
        stem = self._alone.get(_root(name))
        return name in self._files or (stem is not None and name in files(stem, self._endings))


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


def _root_of(stem: PurePath) -> str:
    return _root(_folded(stem))


def _root(file: str) -> str:
    """The path up to the first dot of its name."""
    folder, slash, name = file.rpartition(os.sep)
    return folder + slash + name.partition(".")[0]


def _folded(path: PurePath) -> str:
    """Names that differ in case alone are one file on many systems."""
    return str(path).casefold()
