"""How the cores of a machine are divided."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.engines.machine import Machine, processes, split, this_machine, threads

GIB = 1 << 30


@given(
    st.integers(1, 256),
    st.integers(0, 512 * GIB),
    st.integers(1, 10_000),
    st.floats(0.1, 1e8),
    st.integers(1, 50),
)
def test_no_more_is_begun_than_there_are_cores_pieces_and_memory(
    cores: int, memory_bytes: int, recordings: int, audio_s: float, pieces_each: int
) -> None:
    machine = Machine(cores, memory_bytes)
    way = split(machine, recordings * pieces_each, recordings, audio_s)
    assert 1 <= way.processes <= recordings
    assert 1 <= way.at_once <= recordings * pieces_each
    assert way.processes * way.at_once * way.threads <= cores
    assert 1 <= way.threads <= 4
    spare = way.processes * way.at_once - 1  # the first is there in any case
    assert spare * 300 * 2**20 <= memory_bytes


@pytest.mark.parametrize(
    ("cores", "pieces", "recordings", "hours", "expected"),
    [
        (2, 1, 1, 0.1, (1, 1, 2)),  # a single piece takes both cores
        (2, 6, 1, 1, (1, 2, 1)),  # a long recording a core a piece
        (8, 500, 100, 50, (1, 8, 1)),
        (64, 1, 1, 0.1, (1, 1, 4)),
        (32, 500, 100, 50, (32, 1, 1)),  # more than the threads of one process keep busy
        (32, 100, 100, 0.5, (1, 12, 2)),  # too little for so many to begin
    ],
)
def test_the_cores_go_where_they_help(
    cores: int, pieces: int, recordings: int, hours: float, expected: tuple[int, int, int]
) -> None:
    way = split(Machine(cores, 64 * GIB), pieces, recordings, hours * 3600)
    assert (way.processes, way.at_once, way.threads) == expected


def test_processes_are_as_many_as_cores_and_memory_have_room_for() -> None:
    assert processes(Machine(16, 64 * GIB), 0) == 16
    assert processes(Machine(16, 2 * GIB), 0) == 2
    assert processes(Machine(16, 0), 0) == 1
    assert processes(Machine(2, 0), 7) == 7


def test_threads_are_what_the_others_leave() -> None:
    assert [threads(8, n) for n in (1, 2, 4, 8, 16)] == [4, 4, 2, 1, 1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs affinities")
@pytest.mark.parametrize("told", ["many", "100000"])
def test_this_machine_is_what_the_process_may_use(told: str) -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from audiopipe.engines.machine import this_machine;"
        "found = this_machine(); print(found.cores, found.memory_bytes > 0)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": told},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == ["1", "True"]
    assert this_machine().cores <= (os.cpu_count() or 1)
