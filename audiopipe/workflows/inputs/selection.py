"""Which of the inputs are wanted: by their names, and by when they were changed."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from audiopipe.errors import UsageError
from audiopipe.settings import Settings
from audiopipe.text.globs import one_of
from audiopipe.text.moments import moment_s


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is about, of all that its arguments name.

    Patterns are those of rclone: one without a slash is for names, one with a slash for the end of
    a path, one that begins with a slash for the whole path below the folder. `*` and `?` stop at a
    slash, `**` does not; `{a,b}` is either. One that ends with a slash is for all below a folder.

    Attributes:
        match: with any, one of them must fit.
        exclude: none of them may.
        since_s: not changed since is left out; seconds since the epoch.
    """

    match: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    since_s: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Selection:
        """What the settings ask for.

        Raises:
            UsageError: `since` is no point in time.
        """
        match, exclude = settings.match.splitlines(), settings.exclude.splitlines()
        return cls(tuple(filter(None, match)), tuple(filter(None, exclude)), _since_s(settings))

    def reason_against(self, path: PurePath, changed_s: float | None) -> str:
        """Why an input is left out; "" if it is not.

        Args:
            path: below the folder that was named, or its name alone.
            changed_s: seconds since the epoch; None where nobody knows, and it is taken.
        """
        text = "/" + path.as_posix()
        if self.match and not _fits(text, self.match):
            return "not matched"
        if _fits(text, self.exclude):
            return "excluded"
        if self.since_s is not None and changed_s is not None and changed_s < self.since_s:
            return "older"
        return ""


def _since_s(settings: Settings) -> float | None:
    if not settings.since:
        return None
    try:
        return moment_s(settings.since, time.time())
    except ValueError as error:
        raise UsageError(
            f"--since cannot be {settings.since!r}: give a date such as 2026-05-01, or how long "
            "ago such as 36h, 7d or 1h30m"
        ) from error


def _fits(path: str, patterns: Sequence[str]) -> bool:
    return any(_compiled(pattern).search(path) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = pattern + "**" if pattern.endswith("/") else pattern
    begin = "^" if whole.startswith("/") else "(?:^|/)"
    return re.compile(begin + _expression(whole) + r"\Z", re.DOTALL)


_PARTS = re.compile(r"\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|\{[^{}]*\}|.", re.DOTALL)


def _expression(pattern: str) -> str:
    return "".join(_part(part) for part in _PARTS.findall(pattern))


def _part(part: str) -> str:
    if part in _WILD:
        return _WILD[part]
    if len(part) > 1 and part[0] == "{":
        return f"(?:{'|'.join(map(_expression, part[1:-1].split(',')))})"
    return one_of(part)


_WILD = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
