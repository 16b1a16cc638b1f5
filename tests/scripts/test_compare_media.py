"""The comparer finds what is wrong, and finds nothing wrong in what we read."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Timer

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from media.case import Case
from media.judge import judge
from media.listen import Ours, child_of, ours
from media.tonecode import RATE_HZ, heard, layout, spoken

WORDS = tuple(layout(8))
CASE = Case("a.wav", "wav-s16", "whole", "", WORDS)


def read(samples: np.ndarray, losses: tuple[tuple[float, float], ...] = ()) -> Ours:
    return Ours("read", "", losses, (), samples, tuple(heard(samples)), 0.1)


def kinds(ours: Ours, case: Case = CASE) -> list[str]:
    return [finding.kind for finding in judge(case, ours, None)]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 248),
    st.sampled_from([8_000, 11_025, 44_100]),
    st.floats(0.1, 1),
    st.floats(0, 1),
)
def test_words_of_tones_are_read_back_with_their_times(
    first: int, rate_hz: int, level: float, start_s: float
) -> None:
    words = layout(4, first=first, start_s=start_s)
    sound = np.interp(
        np.arange(0, words[-1].end_s, 1 / RATE_HZ),
        np.arange(len(samples := spoken(words, rate_hz))) / rate_hz,
        level * samples,
    )
    found = heard(sound)
    assert [word.number for word in found] == [word.number for word in words]
    errors = [abs(a.start_s - b.start_s) for a, b in zip(found, words, strict=True)]
    assert max(errors) < 0.0003


def test_what_is_read_rightly_is_no_finding() -> None:
    assert kinds(read(spoken(WORDS))) == []


@pytest.mark.parametrize("kind", ["untold", "doubled", "shifted", "phantom", "longer", "accepted"])
def test_each_fault_of_a_reader_is_found(kind: str) -> None:
    sound = spoken(WORDS)
    at = round((WORDS[4].end_s + 0.03) * RATE_HZ)
    wrong = {
        "untold": read(sound[:at]),
        "doubled": read(np.concatenate([sound, sound[at:]])),
        "shifted": read(np.concatenate([sound[:at], sound[at + 32 :]])),
        "phantom": read(sound, ((1.0, 2.0),)),
        "longer": read(np.concatenate([sound, np.zeros(RATE_HZ, np.float32)])),
        "accepted": read(sound),
    }
    case = replace(CASE, refused="encrypted") if kind == "accepted" else CASE
    assert kind in kinds(wrong[kind], case)


def test_a_loss_that_is_told_of_is_no_finding() -> None:
    at = round((WORDS[4].end_s + 0.03) * RATE_HZ)
    cut = replace(CASE, whole=False)
    assert kinds(read(spoken(WORDS)[:at], ((at / RATE_HZ, 5.2),)), cut) == []


def test_a_process_that_dies_is_a_finding() -> None:
    dead = replace(read(spoken(WORDS)), outcome="crashed by 11", words=())
    assert kinds(dead) == ["crashed"]


def test_a_child_that_is_killed_costs_one_file(tmp_path: Path) -> None:
    waits, good = tmp_path / "a.wav", tmp_path / "b.wav"
    os.mkfifo(waits)
    soundfile.write(good, spoken(WORDS), RATE_HZ)
    child = child_of(os.getpid()).process
    killer = Timer(0.5, lambda: os.kill(child.pid or 0, signal.SIGKILL))
    killer.start()
    assert ours(waits).outcome == f"crashed by {signal.SIGKILL.value}"
    killer.join()
    assert len(ours(good).words) == len(WORDS)


@pytest.mark.needs_ffmpeg
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg program is not installed")
def test_of_a_sample_of_the_corpus_nothing_is_unexplained(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "scripts" / "compare_media.py"
    command = [sys.executable, str(script), "--make", str(tmp_path), str(tmp_path)]
    command += ["--share", "0.012"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 20, done.stdout
