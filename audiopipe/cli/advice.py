"""Advice that fits the command: no flag is named that it does not have."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
_BETWEEN = re.compile(r"(; |: |, or |, )")


class Fitting(logging.Filter):
    """Takes flags that a command lacks out of what is logged; libraries speak to all commands.

    Args:
        flags: those of the command.
    """

    def __init__(self, flags: Iterable[str]) -> None:
        super().__init__()
        self._flags = frozenset(flags)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record, and let it pass."""
        message = record.getMessage()
        if set(_FLAG.findall(message)) - self._flags and not _COMMANDS.search(message):
            record.msg, record.args = fitting(message, self._flags), ()
        return True


_COMMANDS = re.compile(r"audiopipe [a-z]+ ")
"""A line that names another command may name its flags."""


def fitting(message: str, flags: Iterable[str]) -> str:
    """The message without the parts of its advice that name other flags than these.

    Its first part tells what happened, and stays: there the flag is named as a word.
    """
    known = set(flags)
    first, *rest = _BETWEEN.split(message)
    kept = _FLAG.sub(lambda found: found[0] if found[0] in known else found[0][2:], first)
    for between, part in zip(rest[::2], rest[1::2], strict=True):
        if not set(_FLAG.findall(part)) - known:
            kept += between + part
    return kept
