"""Kills each command that asks somebody, again and again, and checks that nothing is lost.

python scripts/kill_runs.py --kills 100

The commands work with the server of the tests. After each round the results must be those of an
undisturbed run, no request may have been sent again whose answer had arrived, and no file may be
left over. Ends with code 1 if anything of that is not so.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.forked import Forks
from support.killing import COMMANDS, campaign, prepare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="of all commands together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("commands", nargs="*", default=list(COMMANDS))
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    print(f"{'command':<12}{'kills':>6}{'rounds':>8}{'requests':>10}{'again':>7}{'faults':>8}")
    faults: list[str] = []
    for name in asked.commands:
        with tempfile.TemporaryDirectory() as folder, Forks() as forks:
            prepare(Path(folder))
            kills = -(-asked.kills // len(asked.commands))
            seen = campaign(name, Path(folder), kills, dice, forks)
        counts = (seen.kills, seen.rounds, seen.requests, seen.again, len(seen.faults))
        print("{:<12}{:>6}{:>8}{:>10}{:>7}{:>8}".format(name, *counts), flush=True)
        faults += [f"{name}: {fault}" for fault in seen.faults]
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
