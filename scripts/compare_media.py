"""Prepares every file below folders, decodes each by ffmpeg too, and tells where they differ.

python scripts/compare_media.py --make corpus
python scripts/compare_media.py corpus

Tells of samples that are missing, doubled or shifted by more than 1 ms, of losses told of that are
none, of losses that nobody tells of, of crashes, hangs and foreign lines on stderr, and of files
that are left out of their folder though they can be read. For files that `--make` made, the truth
is what was spoken into them; for others it is what ffmpeg hears.
Differences that a rule explains are counted by rule; exits with 1 where one is not explained.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from multiprocessing import get_context
from pathlib import Path

from media.case import Case, cases_below
from media.corpus import build
from media.judge import Finding, judge
from media.listen import ours, theirs
from media.report import Verdict, both, text
from media.rules import explained

from audiopipe.workflows.inputs import find_inputs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--make", type=Path, metavar="DIR", help="make the corpus there first")
    parser.add_argument("--share", type=float, default=1.0, help="make only this part, 0 to 1")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="files whose name holds this")
    arguments = parser.parse_args()
    if arguments.make:
        made = build(arguments.make, arguments.share, arguments.jobs)
        print(f"{len(made)} files made in {arguments.make}", flush=True)
    rows = [row for folder in arguments.folders for row in cases_below(folder)]
    rows = [row for row in rows if arguments.only in row[0].name]
    taken = find_inputs(map(str, arguments.folders))
    why_not = {**{item.source: "" for item in taken.items}, **dict(map(astuple, taken.left_out))}
    reasons = [why_not.get(str(path), "nobody says why") for path, _ in rows]
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        results = pool.map(_verdict, *zip(*rows, strict=True), reasons)
        verdicts = [_told(verdict) for verdict in results]
    print(text(verdicts))
    sys.exit(1 if any(verdict.unexplained for verdict in verdicts) else 0)


def _verdict(path: Path, case: Case | None, left_out: str) -> Verdict:
    mine, right = ours(path), theirs(path)
    found = judge(case, mine, right)
    if left_out and mine.outcome == "read":
        found.append(Finding("left out", f"from its folder: {left_out}"))
    findings = tuple((each, explained(case, each)) for each in found)
    return Verdict(path, case, findings, both(mine, right), mine.wall_s)


def _told(verdict: Verdict) -> Verdict:
    """The verdict, whose unexplained findings are printed at once."""
    for finding in verdict.unexplained:
        print(f"{verdict.path.name}: {finding.kind}: {finding.detail}", flush=True)
    return verdict


if __name__ == "__main__":
    main()
