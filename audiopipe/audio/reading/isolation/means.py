"""What a decoder process may use, and what it does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

MOST_BYTES = 1 << 30
"""Of memory. The index of an MP4 of 10 hours takes a tenth of that."""

OVERTIME = signal.SIGPROF
"""What ends a decoder that uses the processor for too long without a sound (setitimer(2))."""


def use_of(process_id: int) -> tuple[int, int]:
    """A process's time of the processor, in ticks, and bytes of memory (proc_pid_stat(5)); zeros
    where the system does not tell so."""
    try:
        facts = Path(f"/proc/{process_id}/stat").read_text("ascii", "replace")
    except OSError:
        return 0, 0
    fields = facts.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
