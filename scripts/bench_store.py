"""Fills a store with many answers and measures how long it takes to find one.

python scripts/bench_store.py --answers 1000000 --body-bytes 2000
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from audiopipe.store.answers import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

PUT = 20_000
"""Answers that are put one by one, each with a flush to the disk."""


def main() -> None:
    arguments = _arguments()
    put = min(arguments.answers, PUT)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "answers.db") as store:
        start_s = time.perf_counter()
        for key, answer in islice(_answers(arguments.body_bytes), put):
            store.put(key, "transcript", answer)
        filled_s = time.perf_counter() - start_s
        print(f"put: {filled_s / put * 1e3:.3f} ms each")
        _multiply(Path(folder) / "answers.db", arguments.answers - put)
        _report("get, present", store, [_key(i) for i in _sample(put)])
        _report("get, missing", store, [_key(-i - 1) for i in _sample(put)])
        start_s = time.perf_counter()
        holdings = store.info()
        print(f"info: {(time.perf_counter() - start_s) * 1e3:.0f} ms: {holdings}")


def _multiply(path: Path, more: int) -> None:
    """Add as many answers under keys of their own, in bulk: that is not what is measured."""
    with closing(sqlite3.connect(path)) as db:
        while more > 0:
            with db:
                more -= db.execute(
                    "INSERT INTO answers"
                    " SELECT randomblob(32), kind, bytes, used_s, body FROM answers LIMIT ?",
                    (more,),
                ).rowcount


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--body-bytes", type=int, default=2_000, help="incompressible bytes each")
    return parser.parse_args()


def _answers(body_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    noise = random.Random(0).randbytes(body_bytes + 256)
    index = 0
    while True:
        shift = index % 256
        yield _key(index), noise[shift : shift + body_bytes]
        index += 1


def _key(index: int) -> bytes:
    return hashlib.sha256(str(index).encode()).digest()


def _sample(answers: int) -> list[int]:
    return random.Random(1).sample(range(answers), min(answers, 10_000))


def _report(name: str, store: Store, keys: list[bytes]) -> None:
    times_ms = []
    for key in keys:
        start_s = time.perf_counter()
        store.get(key)
        times_ms.append((time.perf_counter() - start_s) * 1e3)
    cuts = statistics.quantiles(times_ms, n=1000)
    print(f"{name}: median {cuts[499]:.3f} ms, 99.9 % under {cuts[-1]:.3f} ms")


if __name__ == "__main__":
    main()
