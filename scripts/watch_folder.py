"""Files come into a watched folder in many ways while the watching process is killed.

python scripts/watch_folder.py --files 200 --kills 2

Copied slowly, moved, under another name at first, one of them broken; recognised by the server of
the tests. Each whole file must have one result with its own words, and one line. Ends with code 1
if anything is not so.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.watching import campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        came = campaign(Path(folder), asked.files, asked.kills, random.Random(asked.seed))
    print(
        f"{asked.files} files, {asked.kills} kills: {came.requests} requests, "
        f"{sum(came.lines.values())} lines, {came.seconds:.0f} s, {len(came.faults)} faults"
    )
    print(*came.faults, sep="\n")
    return 1 if came.faults else 0


if __name__ == "__main__":
    sys.exit(main())
