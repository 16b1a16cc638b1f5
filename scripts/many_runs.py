"""Starts several runs of the same folder at once, and checks that each chunk is paid once.

python scripts/many_runs.py --rounds 20

Ends with code 1 if a chunk was asked for twice, a run failed, or the record of the batch or the
results are not what one run alone leaves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.crowd import CHUNKS, FILES, faults, prepare
from support.forked import Forks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=6)
    asked = parser.parse_args()
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder, Forks() as forks:
        prepare(Path(folder))
        for number in range(asked.rounds):
            seen = faults(Path(folder), number, forks, asked.runs)
            found += [f"round {number}: {each}" for each in seen]
    told = f"{asked.rounds} rounds of {asked.runs} runs of {FILES} files, {CHUNKS} chunks"
    print(f"{told}: {len(found)} faults", *found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
