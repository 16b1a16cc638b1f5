"""Exit codes: what a run as a whole came to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from audiopipe.errors import AudiopipeError, Flagged, LimitReached, Stopped, UsageError

NOTHING_DONE = AudiopipeError.exit_code
SOME_FAILED = 3
FLAGGED = Flagged.exit_code

CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "all done",
        NOTHING_DONE: "nothing could be done",
        UsageError.exit_code: "wrong usage",
        SOME_FAILED: "some inputs failed",
        LimitReached.exit_code: "stopped at a limit, resumable",
        FLAGGED: "check --strict found flags",
        Stopped.exit_code: "interrupted (143 by SIGTERM, 129 by SIGHUP)",
    }
)
"""What each code says."""


def of_inputs(failed: int, inputs: int) -> int:
    """The code of a run over several inputs of which some failed."""
    if not failed:
        return 0
    return SOME_FAILED if failed < inputs else NOTHING_DONE
