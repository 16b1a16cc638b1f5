"""A file, what was done to it, and what must be heard in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from media.tonecode import Spoken

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a file.

    Attributes:
        name: of the file, below its folder.
        form: which codec in which container.
        fault: what was done to it.
        made_by: the command, or the surgery, that made it.
        words: what was spoken into it, at file time; each must be heard, or told of as lost.
        perhaps: numbers of further words, which count where ffmpeg hears them.
        exact: whether `start_s` of the words is the truth; else ffmpeg's times are as right.
        whole: whether nothing is lost, so that no loss may be told of.
        refused: a word that the one line of refusal must hold; empty for what must be read.
    """

    name: str
    form: str
    fault: str
    made_by: str
    words: tuple[Spoken, ...] = ()
    perhaps: tuple[int, ...] = ()
    exact: bool = True
    whole: bool = True
    refused: str = ""


def store(folder: Path, cases: Iterable[Case]) -> None:
    """Keep what is known beside the files."""
    rows = [asdict(case) for case in cases]
    (folder / MANIFEST).write_text(json.dumps(rows, indent=0))


def cases_below(folder: Path) -> list[tuple[Path, Case | None]]:
    """Every file below a folder, with what is known of it."""
    known: dict[Path, Case] = {}
    for manifest in folder.rglob(MANIFEST):
        for row in json.loads(manifest.read_text()):
            row["words"] = tuple(Spoken(**word) for word in row["words"])
            case = Case(**{**row, "perhaps": tuple(row["perhaps"])})
            known[manifest.parent / case.name] = case
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path, known.get(path)) for path in files if path.name != MANIFEST]
