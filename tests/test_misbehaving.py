"""Each misbehaving reply through the command line, and a good server again after it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from support.misbehaving import CASES, Misbehaving
from support.misbehaving.case import GOOD, KEY


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a reply: the run with it, and one after the server has been healed."""

    bad: dict[str, Any]
    asked: int
    transcript: dict[str, Any] | None
    healed: dict[str, Any]
    asked_again: int
    in_the_end: dict[str, Any]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Seen]]:
    folder = tmp_path_factory.mktemp("misbehaving")
    tone = 0.1 * np.sin(np.arange(64_000) * 0.2)
    sf.write(folder / "talk.flac", tone, 16_000)
    with Misbehaving(CASES) as server:
        first = runs(folder, server)
        bad = {name: transcript(folder, name) for name in CASES}
        server.healed = True
        second = runs(folder, server, "--overwrite")
        yield {
            name: Seen(
                first[name],
                server.asked[name],
                bad[name],
                second[name],
                server.asked[name + "'"],
                transcript(folder, name) or {},
            )
            for name in CASES
        }


def runs(folder: Path, server: Misbehaving, *more: str) -> dict[str, dict[str, Any]]:
    """A run for each case, with a cache of its own."""
    environment = {"OPENAI_API_KEY": KEY, "AUDIOPIPE_BACKEND": "openai", "AUDIOPIPE_MODEL": "m"}
    common = ("transcribe", "talk.flac", "-f", "json", "--no-voice-check", *more)
    jobs = [
        {
            "args": [
                *common,
                "-o",
                name,
                "--base-url",
                server.url(name),
                *(case.more if not more else ()),
            ],
            "env": {**environment, "AUDIOPIPE_CACHE_DIR": str(folder / "cache" / name)},
            "cwd": str(folder),
        }
        for name, case in CASES.items()
    ]
    tests = str(Path(__file__).parent)
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "support.many"],
        input=json.dumps(jobs).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        check=True,
    )
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


def transcript(folder: Path, name: str) -> dict[str, Any] | None:
    file = folder / name / "talk.json"
    return json.loads(file.read_text("utf-8")) if file.exists() else None


def test_there_are_at_least_120() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize("name", CASES)
def test_a_reply_has_its_right_outcome(seen: dict[str, Seen], name: str) -> None:
    right, had = CASES[name].right, seen[name]
    said = had.bad["said"]
    assert had.bad["code"] == right.code, said
    assert re.search(right.says, said), said
    assert had.asked <= right.most, said
    assert "defect" not in said and "Traceback" not in said, said
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\x9b\u202a-\u202e]", said), repr(said)
    assert KEY not in said and KEY[:20] not in said, said
    kinds = [flag["kind"] for flag in had.transcript["flags"]] if had.transcript else []
    assert ("reply-anomaly" in kinds) == right.flag
    if right.text:
        assert had.transcript is not None
        assert right.text in text_of(had.transcript)
    else:
        assert had.transcript is None


@pytest.mark.parametrize("name", CASES)
def test_after_it_a_good_server_is_asked_once_and_no_more(seen: dict[str, Seen], name: str) -> None:
    had, right = seen[name], CASES[name].right
    assert had.healed["code"] == 0, had.healed["said"]
    assert had.asked_again == (0 if right.code == 0 else 1), had.healed["said"]
    assert text_of(had.in_the_end) == (right.text and text_of(had.transcript or {})) or GOOD["text"]


def text_of(made: dict[str, Any]) -> str:
    return " ".join("".join(each["text"] for each in made.get("segments", ())).split())
