"""Fills the disk of each command at each of its requests, and checks that nothing is lost.

python scripts/full_disks.py

Results, kept answers, temporary files, or all of them stand on a small disk (a tmpfs, so it needs
root on Linux), which is full from some request on. The command must say why it stops, in one line;
once there is room, the same command must come to its end and ask for nothing that was answered.
Ends with code 1 if anything of that is not so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.disks import COMMANDS, PLACES, faults
from support.forked import Forks
from support.killing import prepare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4, help="fill at each of the first N")
    parser.add_argument("--places", nargs="*", default=PLACES)
    parser.add_argument("commands", nargs="*", default=list(COMMANDS))
    asked = parser.parse_args()
    found = 0
    with tempfile.TemporaryDirectory() as folder, Forks() as forks:
        prepare(Path(folder), talks=2)
        print(f"{'command':<12}{'place':<8}{'request':>8}{'faults':>8}")
        for name, place, at in product(asked.commands, asked.places, range(asked.requests + 1)):
            seen = list(faults(name, Path(folder), place, at, forks))
            print(f"{name:<12}{place:<8}{at:>8}{len(seen):>8}", *seen, sep="\n  ", flush=True)
            found += len(seen)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
