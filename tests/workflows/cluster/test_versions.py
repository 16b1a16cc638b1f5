"""A node that joins with another version of audiopipe while a run goes on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import audiopipe
from audiopipe.concurrency import Stop
from audiopipe.engines import open_engine
from audiopipe.engines.spread import spread
from audiopipe.errors import UsageError
from audiopipe.settings import Settings

distributed = pytest.importorskip("distributed", reason="distributed is not installed")

PACKAGE = Path(audiopipe.__file__).parent


def copy(folder: Path, version: str | None) -> str:
    """The package with another version, or with none; the folder that it is in."""
    made = folder / "audiopipe"
    made.mkdir(parents=True)
    for each in PACKAGE.iterdir():
        if each.name != "_version.py":
            (made / each.name).symlink_to(each)
    if version:
        (made / "_version.py").write_text(f'__version__ = "{version}"\n')
    return str(folder)


@contextmanager
def joined(path: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    node = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=path,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    )
    with node:
        try:
            yield node
        finally:
            node.kill()


def version(number: int) -> str:
    return audiopipe.__version__


def test_nodes_of_other_versions_are_sent_away_and_others_do_their_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), *sys.path]))
    old = copy(tmp_path / "old", "0.0.1")
    none = copy(tmp_path / "none", None)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = f"127.0.0.1:{port}"
    node = ("audiopipe", "node", f"dask://{place}", "--slots", "8")
    plain = ("dask", "worker", place, "--no-dashboard", "--nthreads", "8")
    with (
        joined(old, *node) as early,  # which waits for its scheduler
        distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            scheduler_port=port,
            dashboard_address="127.0.0.1:0",
        ),
        distributed.Client(place) as client,
    ):
        client.wait_for_workers(2, timeout=90)
        with pytest.raises(UsageError, match=r"has audiopipe 0\.0\.1"):
            open_engine(f"dask://{place}", Settings())
        early.terminate()
        assert early.wait(60) == 0
        with (
            open_engine(f"dask://{place}", Settings()) as engine,
            joined(old, *node) as first,
            joined(none, *plain) as second,
        ):
            given: list[str] = []
            until_s = time.monotonic() + 100
            while (first.poll() is None or second.poll() is None) and time.monotonic() < until_s:
                done = spread(engine, version, range(8), Stop())
                given += [future.result() for _, future in done]
            assert set(given) == {audiopipe.__version__}
            assert engine.slots == 2
            assert first.returncode == 2
            assert first.stderr
            assert f"has audiopipe 0.0.1, this is {audiopipe.__version__}" in first.stderr.read()
            told = [each.getMessage() for each in caplog.records if each.name == "audiopipe"]
            assert sorted("has audiopipe none" in line for line in told) == [False, True], told
            assert all("it gets no work" in line for line in told)
