"""A folder of which some files end whatever decodes them: the rest is transcribed, in one run.

python scripts/check_isolation.py --good 950

Each hanging file takes a minute: a decoder that gives no sign of life is ended after half of one,
and so is the next that tries.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from support.poison import SIGNALS, TABLES, make_folder, poisonous
from support.server import Server

from audiopipe.workflows.batch import read

_DEFAULT = "segfault=15 abort=10 illegal=5 overtime=5 hang=5 memory=5 endless=5"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=950)
    parser.add_argument(
        "--bad", nargs="*", metavar="NAME=N", help=f"of {', '.join([*SIGNALS, *TABLES])}"
    )
    asked = parser.parse_args()
    given = asked.bad or _DEFAULT.split()
    bad = {name: int(count) for name, _, count in (each.partition("=") for each in given)}
    with tempfile.TemporaryDirectory() as name, Server() as server:
        folder = Path(name)
        make_folder(folder / "in", asked.good, bad)
        begun_s = time.monotonic()
        command = [sys.executable, "-m", "audiopipe", "transcribe", "in", "-o", "out", "-f", "json"]
        for limit in ("rpm", "rpd", "ash", "asd"):  # the server has none
            command += ["--limit", f"{limit}=none"]
        with (
            subprocess.Popen(
                command, cwd=folder, env=os.environ | server.as_groq, stderr=subprocess.DEVNULL
            ) as running,
            poisonous(running.pid),
        ):
            code = running.wait()
        took_s = time.monotonic() - begun_s
        rows = read(folder / "out").rows
        whole = [row for row in rows if row.status == "done"]
        reasons = {Path(row.source).name: row.reason for row in rows if row.status != "done"}
        for file, reason in sorted(reasons.items()):
            print(f"{file}: {reason.removeprefix(str(folder))}")
    print(
        f"{len(whole)} transcripts, {len(reasons)} rows with reasons, exit {code}, {took_s:.0f} s"
    )
    good = sum(Path(row.source).name.startswith("good") for row in whole)
    right = good == len(whole) == asked.good and len(reasons) == sum(bad.values())
    sys.exit(0 if right and all(reasons.values()) and code == 3 else 1)


if __name__ == "__main__":
    main()
