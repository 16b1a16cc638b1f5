"""Whatever becomes of a decoder costs at most its file. Decoders and signals are real."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.audio import babble, container_file, plain_file
from support.poison import TABLES, tabled
from support.processes import a_killer, decoder_ids, needs_proc

from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.chapters import chapters
from audiopipe.audio.reading.readers import open_reader
from audiopipe.errors import UnreadableInput

pytestmark = needs_proc

LONG_S = 90
"""More than the slots between two processes hold."""

KINDS = {
    "m4a": ("ipod", "aac"),
    "mkv": ("matroska", "libopus"),
    "mp3": ("mp3", "libmp3lame"),
    "aac": ("adts", "aac"),
}


@cache
def recording(kind: str, seconds: int = 10) -> bytes:
    sound = babble(seconds)[:, np.newaxis].astype(np.float32) / np.float32(32768)
    return container_file([np.hstack([sound, -sound])], 16_000, *KINDS[kind])


@cache
def expected_long() -> NDArray[np.float32]:
    return read_here(recording("mp3", LONG_S))


def read_here(data: bytes) -> NDArray[np.float32]:
    with open_reader(io.BytesIO(data), "x", None, None) as opened:
        return np.concatenate(list(opened.blocks()))


def read(source: bytes | Path) -> NDArray[np.float32]:
    with open_source(source) as opened:
        return np.concatenate([block.copy() for block in opened.blocks()])


@pytest.mark.parametrize("kind", ["m4a", "mkv", "mp3"])
def test_a_decoder_does_without_numpy(kind: str, tmp_path: Path) -> None:
    # whose start is as much work as decoding a minute and a half; for what is read in C
    (tmp_path / "a").write_bytes(recording(kind))
    code = """if True:
        import sys
        import audiopipe.audio.reading.isolation.child
        from audiopipe.audio.reading.readers import open_reader
        with open(sys.argv[1], "rb", buffering=0) as file:
            with open_reader(file, "x", None, None) as opened:
                print(sum(len(planes[0]) for planes in opened.planes()), "numpy" in sys.modules)"""
    told = subprocess.check_output([sys.executable, "-c", code, tmp_path / "a"], text=True)
    assert told == f"{len(read_here(recording(kind)))} False\n"


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_comes_across(kind: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(recording(kind))
    expected = read_here(recording(kind))
    assert np.array_equal(read(recording(kind)), expected)
    assert np.array_equal(read(tmp_path / "a"), expected)


def test_blocks_may_be_kept_for_as_long_as_one_likes() -> None:
    expected = expected_long()
    with open_source(recording("mp3", LONG_S)) as opened:
        blocks = list(opened.blocks())
    assert len(blocks) > 10
    read(recording("m4a"))
    assert np.array_equal(np.concatenate(blocks), expected)


def test_one_decoder_reads_many_files_and_many_threads_have_theirs() -> None:
    expected = read_here(recording("m4a"))
    read(recording("m4a"))
    before = decoder_ids()
    for _ in range(5):
        assert np.array_equal(read(recording("m4a")), expected)
    assert decoder_ids() == before
    with ThreadPoolExecutor(4) as pool:
        for samples in pool.map(read, [recording("m4a")] * 8):
            assert np.array_equal(samples, expected)


def test_a_file_left_early_costs_nobody_else() -> None:
    for _ in range(3):
        with open_source(recording("mp3", LONG_S)) as opened, closing(opened.blocks()) as blocks:  # type: ignore[type-var]
            next(blocks)
    assert np.array_equal(read(recording("m4a")), read_here(recording("m4a")))


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGTERM])
def test_where_a_decoder_dies_once_another_goes_on(by: signal.Signals) -> None:
    expected = expected_long()
    with open_source(recording("mp3", LONG_S)) as opened:
        blocks = opened.blocks()
        begun = [next(blocks) for _ in range(4)]
        for process_id in decoder_ids():
            os.kill(process_id, by)
        assert np.array_equal(np.concatenate([*begun, *blocks]), expected)
        assert not opened.losses


@needs_proc
def test_idle_decoders_that_somebody_killed_leave_nothing_open() -> None:
    for _ in range(4):
        read(recording("m4a"))
        victims = decoder_ids()
        for process_id in victims:
            os.kill(process_id, signal.SIGKILL)
        for process_id in victims:
            os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOWAIT)
    with warnings.catch_warnings(record=True, action="always", category=ResourceWarning) as left:
        read(recording("m4a"))
        gc.collect()
    assert not left


def test_what_makes_each_decoder_crash_is_lost_from_there_on() -> None:
    with open_source(recording("mp3", LONG_S)) as opened:
        blocks = opened.blocks()
        begun = [next(blocks)]
        with a_killer(signal.SIGSEGV):
            begun += list(blocks)
        (loss,) = opened.losses
        assert loss.span.start_s == sum(map(len, begun)) / 16_000
        assert loss.span.end_s == pytest.approx(LONG_S, abs=0.2)
        assert loss.reason == "the decoder crashed (SIGSEGV)"


def test_what_is_lost_then_is_told_of_though_no_header_says_how_much_it_is() -> None:
    with open_source(recording("aac", LONG_S)) as opened:
        assert opened.duration_s is None
        blocks = opened.blocks()
        begun = [next(blocks)]
        with a_killer(signal.SIGSEGV):
            begun += list(blocks)
        (loss,) = opened.losses
        assert loss.span.start_s == sum(map(len, begun)) / 16_000
        assert loss.span.end_s >= loss.span.start_s + 1


def test_what_makes_each_decoder_crash_at_once_cannot_be_read() -> None:
    read(recording("m4a"))
    reason = r"bytes cannot be read: the decoder crashed \(SIGBUS\)"
    with a_killer(signal.SIGBUS, every_s=0.0005), pytest.raises(UnreadableInput, match=reason):
        for _ in range(100):
            read(recording("mp3", LONG_S))
    read(recording("m4a"))


def test_a_batch_whose_decoder_is_killed_twenty_times_loses_nothing() -> None:
    expected = read_here(recording("m4a"))
    rounds = 0
    with a_killer(signal.SIGKILL, every_s=0.15, most=20) as killed:
        while len(killed) < 20:
            assert np.array_equal(read(recording("m4a")), expected)
            rounds += 1
    assert rounds


def test_what_makes_a_decoder_take_memory_without_end_costs_one_file(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(tabled(*TABLES["memory"]))
    with pytest.raises(UnreadableInput, match="took more than 1024 MB of memory"):
        read(tmp_path / "a.m4a")
    assert np.array_equal(read(recording("m4a")), read_here(recording("m4a")))


_DAMAGED = """
import sys
from audiopipe.audio.reading import open_source
with open_source(sys.argv[1]) as opened:
    print(sum(map(len, opened.blocks())))
"""


def test_what_a_library_complains_about_is_for_nobody(tmp_path: Path) -> None:
    data = bytearray(recording("mp3"))
    data[20_000:30_000] = np.random.default_rng(1).bytes(10_000)
    (tmp_path / "a.mp3").write_bytes(data)
    command = [sys.executable, "-c", _DAMAGED, str(tmp_path / "a.mp3")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 100_000
    assert done.stderr == ""


_PARENT = """
import sys, time
from audiopipe.audio.reading import open_source
with open_source(sys.argv[1]) as opened:
    next(opened.blocks())
    print("reading", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_decoder_outlives_us(by: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(recording("mp3", LONG_S))
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "a.mp3")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        process.stdout.readline()
        (decoder,) = decoder_ids(process.pid)
        process.send_signal(by)
        process.wait(60)
    until_s = time.monotonic() + 30
    while Path(f"/proc/{decoder}").exists() and time.monotonic() < until_s:
        time.sleep(0.05)
    assert not Path(f"/proc/{decoder}").exists()


_FORKED = """
import os, sys
from audiopipe.audio.reading import open_source
def count():
    with open_source(sys.argv[1]) as opened:
        return sum(map(len, opened.blocks()))
expected = count()
with open_source(sys.argv[1]) as opened:
    blocks = opened.blocks()
    frames = len(next(blocks))
    child = os.fork()
    if not child:
        del blocks
        sys.exit(0 if count() == expected else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    frames += sum(map(len, blocks))
assert frames == expected == count()
"""


def test_a_fork_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(recording("mp3", LONG_S))
    command = [sys.executable, "-c", _FORKED, str(tmp_path / "a.mp3")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


_FROZEN = (
    """
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="%(message)s")
sys.frozen = True
"""
    + _DAMAGED
)


def test_a_program_that_is_no_interpreter_decodes_for_itself(tmp_path: Path) -> None:
    (tmp_path / "a.m4a").write_bytes(recording("m4a"))
    command = [sys.executable, "-c", _FROZEN, str(tmp_path / "a.m4a")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert int(done.stdout) == len(read(recording("m4a")))
    assert "decoded in this process" in done.stderr


def test_plain_samples_need_no_other_process(tmp_path: Path) -> None:
    for kind in ("WAV", "WAVEX", "RF64", "FLAC"):
        (tmp_path / kind).write_bytes(plain_file(babble(2), 16_000, kind))
    code = (
        "import sys; from audiopipe.audio.reading import open_source\n"
        "for path in sys.argv[1:]:\n"
        "    with open_source(path) as opened: print(type(opened).__name__)\n"
    )
    command = [sys.executable, "-c", code, *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["UnbrokenRecording"] * 4


def test_chapters_are_read_there_too() -> None:
    with a_killer(signal.SIGKILL, every_s=0.2, most=2):
        assert chapters(recording("m4a")) == ()


_LARGE = """
import sys
held = bytearray(b"x" * (400 << 20))  # as a process holds that has loaded a model
from audiopipe.audio.reading import open_source
for _ in range(2):
    with open_source(sys.argv[1]) as recording:
        print(sum(map(len, recording.blocks())))
"""


def test_however_much_memory_we_hold_our_decoders_work(tmp_path: Path) -> None:
    path = tmp_path / "a.m4a"
    path.write_bytes(recording("m4a", 2))
    command = [sys.executable, "-c", _LARGE, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len({*done.stdout.split()}) == 1
    assert int(done.stdout.split()[0]) > 31_000
