"""What this machine has for work in its own processes, and how that is best divided."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOST_THREADS = 4
"""More threads make one decoding no faster; the default of CTranslate2 too."""

_CORES_A_PROCESS = 12
"""What one process keeps busy: 4 to 7 % of the CPU time of the embedded engine is Python's, which
one thread of a process has at a time."""

_DECODING_BYTES, _PROCESS_BYTES = 300 << 20, 800 << 20
"""What one more decoding takes, and one more process with its model (base: 160 and 500 MB)."""

_WORTH_S = 1200.0
"""Seconds of audio for each process at the least: to begin one takes what a minute takes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Attributes:
    cores: physical ones that this process may use.
    memory_bytes: that nobody uses.
    """

    cores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Split:
    """Attributes:
    processes: 1 is this one alone.
    at_once: decodings at the same time in each.
    threads: of one decoding.
    """

    processes: int
    at_once: int
    threads: int


def this_machine() -> Machine:
    """As far as the system tells: affinity, limits of the container, and OMP_NUM_THREADS, by which
    a user or a scheduler leaves cores to others."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    most = int(told) if told.isdecimal() and int(told) else 1 << 16
    return Machine(max(1, min(_physical(), _quota(), most)), _free_bytes())


def split(machine: Machine, pieces: int, recordings: int, audio_s: float) -> Split:
    """How the embedded engine hears recordings soonest.

    One thread for each decoding takes least CPU time (10 % less than two), so decodings go beside
    each other as long as there are pieces for all cores: as threads of one process, which share
    its model, or where that keeps fewer cores busy as processes, each with a recording of its own.

    Args:
        machine: where.
        pieces: chunks of all recordings.
        recordings: how many.
        audio_s: seconds of all of them.
    """
    room = 1 + machine.memory_bytes // _DECODING_BYTES
    here = max(1, min(pieces, machine.cores, _CORES_A_PROCESS, room))
    apart = min(processes(machine, 0), recordings, int(audio_s // _WORTH_S))
    if apart > here:
        return Split(apart, 1, threads(machine.cores // apart, 1))
    return Split(1, here, threads(machine.cores, here))


def threads(cores: int, at_once: int) -> int:
    """Of one decoding, where so many go at once."""
    return max(1, min(_MOST_THREADS, cores // at_once))


def processes(machine: Machine, slots: int) -> int:
    """Processes of this machine that hear recordings, each by itself.

    Args:
        slots: as many as are asked for; 0 takes one a core, as far as memory goes.
    """
    return slots or max(1, min(machine.cores, machine.memory_bytes // _PROCESS_BYTES))


def _physical() -> int:
    """Cores of this process's affinity, threads of one core counted once."""
    try:
        usable = os.sched_getaffinity(0)
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
    siblings = {_siblings(number) for number in usable}
    return len(siblings)


def _siblings(number: int) -> str:
    with suppress(OSError):
        topology = Path(f"/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list")
        return topology.read_text()
    return str(number)


def _quota() -> int:
    """Cores that a container may use."""
    with suppress(OSError, ValueError):
        quota, _, period = Path("/sys/fs/cgroup/cpu.max").read_text().partition(" ")
        return max(1, int(quota) // int(period))
    with suppress(OSError, ValueError):
        version_1 = Path("/sys/fs/cgroup/cpu")
        quota_us = int((version_1 / "cpu.cfs_quota_us").read_text())
        if quota_us > 0:
            return max(1, quota_us // int((version_1 / "cpu.cfs_period_us").read_text()))
    return 1 << 16


def _free_bytes() -> int:
    """Of the machine, and of the container if it has less."""
    free = 1 << 40
    with suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        facts = {name: rest.split()[0] for name, _, rest in (line.partition(":") for line in lines)}
        free = int(facts.get("MemAvailable", free >> 10)) << 10
    for most, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with suppress(OSError, ValueError):
            group = Path("/sys/fs/cgroup")
            free = min(free, int((group / most).read_text()) - int((group / used).read_text()))
    return max(0, free)
