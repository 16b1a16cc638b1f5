"""The kinds of values that settings have: each says what it allows, reads text and checks values.

`read` takes text as it stands in a flag, a variable or a file; `check` takes a value of Python or
TOML. Both give the value as it is kept, or raise ValueError or TypeError.
"""

from __future__ import annotations

import math
import operator
import os
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any, Protocol

from audiopipe import plugins
from audiopipe.errors import UsageError


class Kind(Protocol):
    """What a setting may be."""

    @property
    def allowed(self) -> str:
        """What is allowed, for messages and documentation."""

    def read(self, text: str) -> Any:
        """The value that a text means."""

    def check(self, value: Any) -> Any:
        """The value, of the type that is kept."""


def read(kind: Kind, value: Any, place: str) -> Any:
    """A value from outside, text or not, as it is kept.

    Args:
        kind: what it may be.
        value: what was given.
        place: where, for messages.

    Raises:
        UsageError: it is not allowed; the message says where it stands, and what is.
    """
    return _kept(kind.read if isinstance(value, str) else kind.check, kind, value, place)


def check(kind: Kind, value: Any, place: str) -> Any:
    """A value of Python, as it is kept; arguments and errors as in `read`."""
    return _kept(kind.check, kind, value, place)


@dataclass(frozen=True, slots=True)
class Text:
    """Any text; a path object is its text.

    Attributes:
        is_optional: whether None is a value.
        is_path: whether text from outside names a file, which then is the same file from every
            folder.
    """

    is_optional: bool = False
    is_path: bool = False

    @property
    def allowed(self) -> str:
        return "a path" if self.is_path else "a text"

    def read(self, text: str) -> str:
        self.check(text)
        return os.path.realpath(text) if self.is_path and text else text

    def check(self, value: Any) -> str | None:
        if value is None and self.is_optional:
            return None
        text = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(text, str):
            raise TypeError
        if "\0" in text:
            raise ValueError
        return text


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a server, or nothing.

    Attributes:
        schemes: with which it may begin.
    """

    schemes: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return f"an address that begins with {' or '.join(self.schemes)}"

    def read(self, text: str) -> str:
        return self.check(text.strip())

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value and not value.startswith(self.schemes):
            raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Share:
    """`K/N`: one of N shares, from 1 on; or nothing, for all."""

    @property
    def allowed(self) -> str:
        return "K/N, such as 3/10 for the third of ten"

    def read(self, text: str) -> str:
        return self.check(text.strip())

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value:
            one, among = (int(each) for each in value.split("/"))
            if not 1 <= one <= among:
                raise ValueError
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """One of some words; hyphens and underscores are the same.

    Attributes:
        words: those of ours.
        group: of the plug-ins whose names are words too; "" for none.
    """

    words: tuple[str, ...]
    group: str = ""

    @property
    def allowed(self) -> str:
        added = plugins.names(self.group) if self.group else ()
        more = ", or a plug-in's" if self.group and not added else ""
        return f"choose from {', '.join((*self.words, *added))}{more}"

    def read(self, text: str) -> str:
        if (found := _meant(text, self.words)) is not None:
            return found
        # looking for plug-ins takes milliseconds: only where it is none of ours
        found = _meant(text, plugins.names(self.group)) if self.group else None
        if found is None:
            raise ValueError
        return found

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        return self.read(value)


@dataclass(frozen=True, slots=True)
class Number:
    """A number, never NaN and no bool.

    Attributes:
        is_whole: whether it is an int.
        low, high: bounds, both allowed; infinity itself only with `is_endless`.
        is_above: whether `low` itself is not allowed.
        is_endless: whether it may be infinite.
    """

    is_whole: bool = False
    low: float = 0.0
    high: float = math.inf
    is_above: bool = False
    is_endless: bool = False

    @property
    def allowed(self) -> str:
        name = "a whole number" if self.is_whole else "a number"
        if self.high < math.inf:
            bounds = (
                " above {:,.10g}, to {:,.10g}" if self.is_above else " from {:,.10g} to {:,.10g}"
            )
            return name + bounds.format(self.low, self.high)
        if self.low == -math.inf:
            return name
        bounds = " above {:g}" if self.is_above else ", {:g} or more"
        return name + bounds.format(self.low) + (", or inf" if self.is_endless else "")

    def read(self, text: str) -> float:
        return self.check(int(text) if self.is_whole else float(text))

    def check(self, value: Any) -> float:
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number:
            raise TypeError
        number: float = operator.index(value) if self.is_whole else float(value)
        is_high_enough = number > self.low if self.is_above else number >= self.low
        is_finite = float(number) < math.inf or self.is_endless  # a larger int overflows
        if not (is_high_enough and number <= self.high and is_finite):
            raise ValueError
        return number


@dataclass(frozen=True, slots=True)
class Switch:
    """Yes or no.

    Attributes:
        is_optional: whether None is a value.
    """

    is_optional: bool = False

    @property
    def allowed(self) -> str:
        return "true or false"

    def read(self, text: str) -> bool:
        if (word := text.strip().lower()) not in _SWITCHES:
            raise ValueError
        return _SWITCHES[word]

    def check(self, value: Any) -> bool | None:
        if not isinstance(value, bool) and not (value is None and self.is_optional):
            raise TypeError
        return value


@dataclass(frozen=True, slots=True)
class Assignment:
    """A text like `rpm=20` or `rpm=none`.

    Attributes:
        names: what may stand before the sign.
        example: a name and a value.
        low: bound of the number, itself not allowed.
    """

    names: tuple[str, ...]
    example: str
    low: float = -math.inf

    @property
    def allowed(self) -> str:
        name = self.example.partition("=")[0]
        bound = f" above {self.low:g}" if self.low > -math.inf else ""
        return (
            f"like {self.example} or {name}=none: a number{bound} or none for "
            f"{', '.join(self.names)}"
        )

    def read(self, text: str) -> str:
        name, _, value = text.lower().partition("=")
        found = _meant(name, self.names)
        if found is None:
            raise ValueError
        if value.strip() != "none":
            Number(low=self.low, is_above=True).read(value)
        return f"{found}={value.strip()}"

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        return self.read(value)


@dataclass(frozen=True, slots=True)
class Listed:
    """Some of a kind, each once: a list, or a text with commas.

    Attributes:
        each: their kind.
        whole: what the word `all` stands for; empty where it is no word.
    """

    each: Words | Assignment | Text
    whole: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        return self.each.allowed + (", or all" if self.whole else "")

    def read(self, text: str) -> tuple[str, ...]:
        return self._kept(text.split(","))

    def check(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            return self.read(value)
        if not isinstance(value, list | tuple):
            raise TypeError
        return self._kept(value)

    def _kept(self, items: Iterable[Any]) -> tuple[str, ...]:
        items = [item.strip() if isinstance(item, str) else item for item in items]
        if self.whole and "all" in items:
            return self.whole
        return tuple(dict.fromkeys(str(self.each.check(item)) for item in items if item != ""))


_MOST_BITS = 10_000

_SWITCHES: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("1", "true", "yes", "on"), True),
        **dict.fromkeys(("0", "false", "no", "off"), False),
    }
)


def _kept(make: Callable[[Any], Any], kind: Kind, value: Any, place: str) -> Any:
    try:
        return make(value)
    except (ValueError, TypeError, ArithmeticError):
        raise UsageError(f"{place} cannot be {_shown(value)}: {kind.allowed}") from None


def _shown(value: Any) -> str:
    """A value in a line of its own; Python writes no int of more than 4,300 digits."""
    is_vast = isinstance(value, int) and value.bit_length() > _MOST_BITS
    return "a vast number" if is_vast else " ".join(reprlib.repr(value).split())


def _meant(text: str, words: Iterable[str]) -> str | None:
    wanted = text.strip().replace("_", "-")
    return next((word for word in words if word.replace("_", "-") == wanted), None)
