"""Where processes that work come from.

On Linux they are forks of one process that has imported what all of them need and runs no thread,
so that to begin one takes a hundredth of a second; elsewhere each is an interpreter of its own.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from audiopipe.settings import Settings

METHOD = "forkserver" if sys.platform == "linux" else "spawn"
"""Of `multiprocessing`."""

_WORK = "audiopipe.workflows.cluster.node"
_EMBEDDED = ("faster_whisper", "audiopipe.backends.local.hear")
"""What the embedded engine needs, and what imports that."""


def modules(settings: Settings) -> tuple[str, ...]:
    """What the process that they are forked from imports."""
    engine, module = _EMBEDDED
    embedded = settings.backend in ("auto", "local") and find_spec(engine) is not None
    return (_WORK, module) if embedded else (_WORK,)
