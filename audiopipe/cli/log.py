"""What goes to stderr: lines for people, or one JSON object a line for machines."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from audiopipe.cli.streams import ReaderGone, on_lines, on_one_line
from audiopipe.errors import AudiopipeError
from audiopipe.text.redaction import secrets_of, without_all_secrets

LOGGER = logging.getLogger("audiopipe")


def to_stderr(*, ndjson: bool = False) -> None:
    """Send all logs to stderr, as text or as NDJSON."""
    handler = _Stderr()
    handler.setFormatter(_Ndjson() if ndjson else _Text())
    if not ndjson:
        handler.addFilter(lambda record: bool(record.msg))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def tell(level: int, event: str, text: str = "", **facts: Any) -> None:
    """Log an event: its name and facts for machines, and one line of text for people, if any."""
    LOGGER.log(level, text, extra={"facts": {"event": event, **facts}})


def complain(error: AudiopipeError) -> None:
    """Log what ended a run or a command."""
    LOGGER.log(logging.DEBUG if isinstance(error, ReaderGone) else logging.ERROR, "%s", error)
    LOGGER.debug("in full:", exc_info=error)


class _Stderr(logging.Handler):
    """Writes to what `sys.stderr` is at the time: bars put themselves in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(OSError):  # nobody reads it any more, and the work goes on
            print(self.format(record), file=sys.stderr, flush=True)


class _Text(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        return f"audiopipe: {on_one_line(record.message)}"

    def format(self, record: logging.LogRecord) -> str:
        return on_lines(super().format(record))


class _Ndjson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"event": "log", "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        now = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        secrets = secrets_of(os.environ, sys.argv)
        return json.dumps({"time": now, **_without(secrets, getattr(record, "facts", told))})


def _without(secrets: tuple[str, ...], value: Any) -> Any:
    """A value of JSON without the secrets: once it is text, an escape may end too early."""
    if isinstance(value, str):
        return without_all_secrets(value, secrets)
    if isinstance(value, list | tuple):
        return [_without(secrets, each) for each in value]
    if isinstance(value, dict):
        return {name: _without(secrets, each) for name, each in value.items()}
    return value
