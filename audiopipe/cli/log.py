"""What goes to stderr: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from audiopipe.errors import AudiopipeError

LOGGER = logging.getLogger("audiopipe")


def to_stderr(*, ndjson: bool = False) -> None:
    """Send all logs to stderr, as text or as NDJSON."""
    handler = _Stderr()
    handler.setFormatter(_Ndjson() if ndjson else logging.Formatter("audiopipe: %(message)s"))
    if not ndjson:
        handler.addFilter(lambda record: bool(record.msg))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def tell(level: int, event: str, text: str = "", **facts: Any) -> None:
    """Log an event: its name and facts for machines, and one line of text for people, if any."""
    LOGGER.log(level, text, extra={"facts": {"event": event, **facts}})


def complain(error: AudiopipeError) -> None:
    """Log what ended a run or a command."""
    LOGGER.error("%s", error)
    LOGGER.debug("in full:", exc_info=error)


class _Stderr(logging.Handler):
    """Writes to what `sys.stderr` is at the time: bars put themselves in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # nobody reads it any more, and the work goes on
            print(self.format(record), file=sys.stderr, flush=True)


class _Ndjson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"event": "log", "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        now = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": now, **getattr(record, "facts", told)})
