"""Nodes that work by themselves: shares, one budget, one set of answers, one bound on the cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import soundfile as sf
from support.namespaces import can_be_had, namespace
from support.redis import RedisServer, with_redis
from support.server import Server
from support.speechlike import make_recording

from audiopipe.limits.rules import Limits

Run = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    folder = tmp_path / "talks"
    (folder / "below").mkdir(parents=True)
    for n in range(6):
        path = folder / ("below" if n % 2 else ".") / f"{n}.flac"
        sf.write(path, make_recording(6, first=20 * n), 16_000)
    return folder


def node(folder: Path, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """The command line, at the same time as others."""
    return begun(folder, [sys.executable, "-m", "audiopipe", *map(str, arguments)], environment)


def begun(
    folder: Path, command: list[str], environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(nodes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    return [(code.returncode, err) for code in nodes for _, err in [code.communicate(timeout=120)]]


def test_shares_are_all_of_it_and_merge_joins_them(
    audiopipe: Run, server: Server, talks: Path, tmp_path: Path
) -> None:
    for k in (1, 2, 3):
        done = audiopipe(
            *("transcribe", talks, "-o", f"share-{k}", "-f", "json", "--share", f"{k}/3"),
            **server.as_groq,
        )
        assert done.returncode == 0, done.stderr
    assert len(server.accepted) == 6
    folders = [f"share-{k}" for k in (1, 2, 3) if (tmp_path / f"share-{k}" / "batch.json").exists()]
    merged = audiopipe("merge", *folders, "-o", "all")
    assert (merged.returncode, merged.stdout) == (0, "6 done\n"), merged.stderr
    record = json.loads((tmp_path / "all" / "batch.json").read_text())
    found = {str(path.relative_to(tmp_path / "all")) for path in (tmp_path / "all").rglob("?.json")}
    assert found == {name for row in record["rows"] for name in row["outputs"]}
    assert len(found) == 6
    again = audiopipe("merge", "all", *folders, "-o", "all")
    assert again.stdout == "6 done\n"


def test_what_cannot_hold_over_shares_is_told(audiopipe: Run, talks: Path) -> None:
    for wrong, why in [
        (("--share", "4/3"), "K/N"),
        (("--share", "1/2", "--max-cost", "1"), "--ledger"),
        (("--share", "1/2", "-o", "-", "-f", "txt"), "-o"),
        (("--on", "dask://host:8786", "--max-requests", "9"), "--ledger"),
        (("--on", "nosuch"), "no such engine"),
    ]:
        done = audiopipe("transcribe", talks, "-o", "out", *wrong)
        assert (done.returncode, why in done.stderr) == (2, True), done.stderr


@with_redis
def test_two_nodes_keep_one_limit_pay_once_and_have_one_bound(talks: Path, tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    limits = Limits(rpm=4)
    with Server(limits=limits) as server, RedisServer(tmp_path) as redis:
        shared = ("--ledger", redis.address, "--cache-dir", f"{tmp_path.as_uri()}/answers")
        more = ("-f", "json", "--limit", "rpm=4", "--max-requests", "3")
        told = ended(
            [
                node(
                    tmp_path,
                    "transcribe",
                    talks,
                    "-o",
                    "out",
                    "--share",
                    f"{k}/2",
                    *shared,
                    *more,
                    **server.as_groq,
                )
                for k in (1, 2)
            ]
        )
        assert {code for code, _ in told} <= {0, 4}, told
        assert len(server.accepted) == 3  # as both nodes together may
        # the same under another name: asked for once
        for n in range(3):
            (tmp_path / "twice").mkdir(exist_ok=True)
            sf.write(tmp_path / "twice" / f"{n}.flac", make_recording(6, first=900), 16_000)
        free = ("-f", "json", "--limit", "rpm=none")
        told = ended(
            [
                node(
                    tmp_path,
                    "transcribe",
                    "twice",
                    "-o",
                    f"out-{k}",
                    *shared,
                    *free,
                    **server.as_groq,
                )
                for k in (1, 2)
            ]
        )
        assert [code for code, _ in told] == [0, 0], told
        assert len(server.accepted) == 4
        assert server.refused == []


@with_redis
@pytest.mark.skipif(not can_be_had(), reason="needs root, and namespaces of the network")
def test_neither_a_cut_network_nor_a_redis_that_is_away_costs_anything(
    talks: Path, tmp_path: Path
) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed")
    with (
        namespace() as link,
        Server(latency=lambda _: 0.5, host=link.host) as server,
        RedisServer(tmp_path, link.host) as redis,
    ):
        shared = ("--ledger", redis.address, "--cache-dir", f"{tmp_path.as_uri()}/answers")
        command = [sys.executable, "-m", "audiopipe", "transcribe", str(talks), "-o", "out"]
        command += ["-f", "json", "-j", "1", "--limit", "rpm=none", *shared, "--share"]
        nodes = [
            begun(tmp_path, [*command, "1/2"], server.as_groq),
            begun(tmp_path, link.within(*command, "2/2"), server.as_groq),
        ]
        until_s = time.monotonic() + 60
        while not server.seen and time.monotonic() < until_s:
            time.sleep(0.02)
        link.cut()
        redis.stop()
        time.sleep(2)
        redis.start()
        link.join()
        codes = ended(nodes)
        assert [code for code, _ in codes] == [0, 0], codes
        assert len(server.seen) == 6


@pytest.mark.parametrize(
    "line",
    [
        'on = "dask://host:8786"',
        'ledger = "redis://host"',
        'output_dir = "s3://bucket/out"',
    ],
)
def test_a_file_names_no_server_unless_that_is_allowed(
    audiopipe: Run, talks: Path, tmp_path: Path, line: str
) -> None:
    (tmp_path / "own.toml").write_text(line)
    done = audiopipe("transcribe", talks, "--config", "own.toml")
    assert (done.returncode, "--allow" in done.stderr) == (2, True), done.stderr
