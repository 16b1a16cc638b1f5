"""Sends the gateway requests that were damaged on their way.

python scripts/fuzz_serve.py [--requests 10000] [--seed 0]

It exits 1 if one is answered 500, the server ends, a file is left in its spool, or its memory
grows by more than 20 MB after the first tenth.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.gateway import Gateway
from support.mutating import answer, mutated, right_ones
from support.server import Server

MOST_GROWTH_MB = 20.0
AT_ONCE = 16


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    statuses: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Server() as upstream,
        Gateway(upstream, Path(folder), "--upload-pause", "1") as gateway,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        address = urlsplit(gateway.url)

        def status(request: bytes) -> str:
            got = answer(address.hostname or "", address.port or 0, request)
            return got[9:12].decode("ascii", "replace") or "none"

        first_mb, part = 0.0, max(1, asked.requests // 10)
        for done in range(0, asked.requests, part):
            requests = [mutated(each, dice) for each in dice.choices(right_ones(), k=part)]
            statuses.update(pool.map(status, requests))
            now_mb = resident_mb(gateway)
            first_mb = first_mb or now_mb
            print(f"{done + part}: {now_mb:.0f} MB, {dict(statuses.most_common())}", flush=True)
        time.sleep(2)  # what hangs on is let go
        left, grown_mb = gateway.uploads, resident_mb(gateway) - first_mb
        is_alive = gateway.get("/health").status_code == 200
        defects = [line for line in gateway.lines if "defect" in line]
    print(f"alive {is_alive}, files left {len(left)}, grown by {grown_mb:.1f} MB, {defects[:3]}")
    return int(bool(left or defects or statuses["500"]) or grown_mb > MOST_GROWTH_MB)


def resident_mb(gateway: Gateway) -> float:
    """Memory of the server's process now (Linux)."""
    assert gateway.process
    status = Path(f"/proc/{gateway.process.pid}/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


if __name__ == "__main__":
    sys.exit(main())
