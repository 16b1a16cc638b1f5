"""A pipeline as a graph: which stage works on the results of which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from audiopipe.workflows.recipe.stages import Stage

_NAME = Path("NAME")


def before(stages: Sequence[Stage], after: int | None) -> tuple[Stage, ...]:
    """The stages that lead up to the results of a place, the first first."""
    found: list[Stage] = []
    while after is not None:
        found.append(stages[after])
        after = stages[after].after
    return tuple(reversed(found))


def stem_before(stages: Sequence[Stage], after: int | None, stem: Path) -> Path:
    """What the results behind a place are named after, for an input of that stem."""
    for stage in before(stages, after):
        stem = stage.stem(stem)
    return stem


def files(stages: Sequence[Stage], stem: Path) -> tuple[Path, ...]:
    """All that the stages write for an input, each file once."""
    found: dict[Path, None] = {}
    for stage in stages:
        found |= dict.fromkeys(stage.files(stem_before(stages, stage.after, stem)))
    return tuple(found)


def drawn(stages: Sequence[Stage]) -> Iterator[str]:
    """The graph as lines of text: each stage below the one it works on, with what it writes."""
    rows = [*_branches(stages, None, "")]
    width = max((len(left) for left, _ in rows), default=0)
    for left, written in rows:
        yield f"{left:<{width}}  {written}".rstrip()


def _branches(stages: Sequence[Stage], at: int | None, lead: str) -> Iterator[tuple[str, str]]:
    children = [number for number, stage in enumerate(stages) if stage.after == at]
    for number in children:
        stage, is_last = stages[number], number == children[-1]
        is_chain = len(children) == 1
        mark, below = ("", "") if is_chain else ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        written = stage.files(stem_before(stages, at, _NAME))
        yield f"{lead}{mark}{_label(stage)}", " ".join(str(path) for path in written)
        yield from _branches(stages, number, lead + below)


def _label(stage: Stage) -> str:
    named = f"{stage.name} ({stage.id})" if stage.id != stage.name else stage.name
    told = (
        f"into {stage.into}" if stage.into else "",
        f"of the {stage.of}" if stage.of != "transcript" else "",
        stage.settings.model,
    )
    return " ".join([named, *filter(None, told)])
