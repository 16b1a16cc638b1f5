"""A package that adds one of everything by public names alone, built and installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fixtures import JFK, ROOT
from support.server import Server

PACKAGE = ROOT / "tests" / "plugin"
PIPELINE = """
backend = "echo"
[[stage]]
name = "transcribe"
[[stage]]
name = "louder"
end = "?"
[[stage]]
name = "render"
output_format = "txt"
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed in, from a wheel."""
    folder = tmp_path_factory.mktemp("plugins")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder), str(PACKAGE)], check=True)
    return folder


@pytest.fixture
def plugged(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.syspath_prepend(installed)

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        paths = os.pathsep.join([str(installed), str(ROOT), *environment.pop("MORE", "").split()])
        return subprocess.run(
            [sys.executable, "-m", "audiopipe", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_package_is_small() -> None:
    lines = [line for path in PACKAGE.glob("*.*") for line in path.read_text().splitlines()]
    assert len(lines) <= 60


def test_what_it_adds_is_listed(plugged: Run) -> None:
    done = plugged("plugins")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows] == [
        ["backends", "echo"],
        ["renderers", "shout"],
        ["checks", "too-loud"],
        ["jobs", "count"],
        ["stages", "louder"],
    ]
    assert {" ".join(row[2:]) for row in rows} == {"audiopipe-shout 1.0"}


def test_recogniser_renderer_and_check_work_from_the_command_line(
    plugged: Run, tmp_path: Path
) -> None:
    done = plugged("transcribe", JFK, "--backend", "echo", "-f", "shout,json", "-o", "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "jfk.shout").read_text() == "HELLO THERE\n"
    made = json.loads((tmp_path / "out" / "jfk.json").read_text())
    assert made["backend"] == "echo"
    assert "too-loud" in {flag["kind"] for flag in made["flags"]}
    struck = plugged(
        *("transcribe", JFK, "--backend", "echo", "-f", "txt", "-o", "-", "--drop", "too-loud")
    )
    assert struck.returncode == 0, struck.stderr
    assert not struck.stdout.strip()


def test_job_and_stage_work_from_the_command_line(
    plugged: Run, server: Server, tmp_path: Path
) -> None:
    assert plugged("transcribe", JFK, "--backend", "echo", "-f", "json").returncode == 0
    counted = plugged("ask", "count", "jfk.json", **server.as_groq)
    assert (counted.returncode, counted.stdout) == (0, "2 words\n"), counted.stderr
    stages = (
        'backend = "echo"\n[[stage]]\nname = "transcribe"\n[[stage]]\nname = "louder"\nend = "?"'
    )
    (tmp_path / "p.toml").write_text(stages + '\n[[stage]]\nname = "render"\noutput_format = "txt"')
    done = plugged("run", "p.toml", JFK, "-o", "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "jfk.txt").read_text() == "HELLO THERE?\n"


def test_an_unknown_name_is_told_with_those_of_plug_ins(plugged: Run) -> None:
    done = plugged("transcribe", JFK, "--drop", "too-quiet")
    assert done.returncode == 2
    assert "too-loud" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Where packages are whose plug-ins cannot be imported, or crash."""
    folder = tmp_path / "broken"
    (folder / "broken-1.dist-info").mkdir(parents=True)
    (folder / "broken-1.dist-info" / "METADATA").write_text("Name: broken\nVersion: 1\n")
    points = "[audiopipe.checks]\ngone = nowhere:check\ncrash = crashing:check\n"
    points += "[audiopipe.renderers]\nink = crashing:check\n"
    (folder / "broken-1.dist-info" / "entry_points.txt").write_text(points)
    (folder / "crashing.py").write_text("def check(_):\n    raise RuntimeError('no ink')\n")
    return folder


def test_one_that_fails_to_load_is_a_line(plugged: Run, broken: Path) -> None:
    done = plugged("plugins", MORE=str(broken))
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "gone" in line
    assert "broken 1" in line
    assert "louder" in done.stdout


def test_a_crash_costs_a_check_its_flags_and_a_renderer_one_transcript(
    plugged: Run, broken: Path, tmp_path: Path
) -> None:
    done = plugged("transcribe", JFK, "--backend", "echo", "-f", "txt", MORE=str(broken))
    assert done.returncode == 0, done.stderr
    assert "the check crash failed: RuntimeError: no ink" in done.stderr
    assert (tmp_path / "jfk.txt").read_text() == "hello there\n"
    done = plugged("render", tmp_path / "jfk.json", "-f", "ink", MORE=str(broken))
    assert done.returncode == 1
