"""What was found in all files: by kind with an example of each, and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from media.case import Case
from media.judge import Finding
from media.listen import Ours, Theirs
from media.rules import RULES
from media.tonecode import RATE_HZ, Spoken


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one file; each finding with the rule that explains it, or empty."""

    path: Path
    case: Case | None
    findings: tuple[tuple[Finding, str], ...]
    heard: str
    wall_s: float

    @property
    def unexplained(self) -> list[Finding]:
        """Findings that no rule explains."""
        return [finding for finding, rule in self.findings if not rule]


def both(ours: Ours, theirs: Theirs | None) -> str:
    """What we and ffmpeg heard, two lines."""
    losses = ", ".join(f"{start:.2f}-{end:.2f}" for start, end in ours.losses) or "none"
    mine = f"ours:   {ours.outcome}, {_words(ours.words)} in {len(ours.sound) / RATE_HZ:.2f} s"
    mine += f"; losses: {losses}; {' / '.join([ours.said, *ours.notes])[:200]}"
    if theirs is None:
        return mine
    length_s = len(theirs.clocked) / RATE_HZ
    return (
        f"{mine}\n    ffmpeg: {_words(theirs.clocked_words)} in {length_s:.2f} s; {theirs.said!r}"
    )


def text(verdicts: Sequence[Verdict]) -> str:
    """The whole report."""
    return "\n".join([*_groups(verdicts), "", *_table(verdicts), "", *_summary(verdicts)])


def _words(words: Sequence[Spoken]) -> str:
    shown = [f"{word.number}@{word.start_s:.3f}" for word in words]
    return " ".join(shown if len(shown) < 5 else [*shown[:2], f"... ({len(shown)})", *shown[-2:]])


def _groups(verdicts: Iterable[Verdict]) -> Iterable[str]:
    groups: dict[tuple[str, str], list[tuple[Verdict, Finding]]] = {}
    for verdict in verdicts:
        fault = verdict.case.fault if verdict.case else "not ours"
        for finding in verdict.unexplained:
            groups.setdefault((finding.kind, fault), []).append((verdict, finding))
    for (kind, fault), rows in sorted(groups.items()):
        yield f"\n{kind}, {fault}: {len(rows)} files"
        yield from (f"  {verdict.path.name}: {finding.detail}" for verdict, finding in rows)
        verdict = rows[0][0]
        yield f"    example: {verdict.path}"
        if verdict.case:
            yield f"    made by: {verdict.case.made_by}"
        yield f"    {verdict.heard}"


def _table(verdicts: Iterable[Verdict]) -> Iterable[str]:
    """How many of the files of each container and fault differ."""
    counts: dict[tuple[str, str], list[int]] = {}
    for verdict in verdicts:
        if verdict.case:
            row = counts.setdefault((verdict.case.fault, verdict.path.suffix[1:]), [0, 0])
            row[0] += bool(verdict.unexplained)
            row[1] += 1
    endings = sorted({ending for _, ending in counts})
    yield "| fault | " + " | ".join(endings) + " |"
    yield "|---" * (len(endings) + 1) + "|"
    for fault in sorted({fault for fault, _ in counts}):
        cells = [counts.get((fault, ending)) for ending in endings]
        shown = [f"{cell[0]} of {cell[1]}" if cell else "" for cell in cells]
        yield f"| {fault} | " + " | ".join(shown) + " |"


def _summary(verdicts: Sequence[Verdict]) -> Iterable[str]:
    used = Counter(rule for verdict in verdicts for _, rule in verdict.findings)
    for rule in RULES:
        if used[rule.name]:
            yield f"{used[rule.name]} differences are right: {rule.reason}"
    bad = sum(bool(verdict.unexplained) for verdict in verdicts)
    slowest_s = max((verdict.wall_s for verdict in verdicts), default=0.0)
    yield f"{len(verdicts)} files, {bad} with differences that no rule explains"
    yield f"slowest {slowest_s:.1f} s"
