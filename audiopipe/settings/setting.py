"""A setting as a row: what it is called everywhere, what it may be, and who takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from audiopipe.settings.kinds import Kind, Listed, Number, Switch, Text, Words, check, read

ENVIRONMENT_PREFIX = "AUDIOPIPE_"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that stand together in the help.

    Attributes:
        title: of the group.
        commands: which take its settings, where a row does not say otherwise.
        shapes_results: whether its settings stand in the record of a batch, where a row does not
            say otherwise.
        names_variables: whether the help names the environment's variables.
    """

    title: str
    commands: tuple[str, ...]
    shapes_results: bool = False
    names_variables: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table of settings.

    Attributes:
        name: in `Settings`, and as a key of TOML.
        kind: what it may be.
        default: its value where nobody says otherwise.
        flags: on the command line, the short one first.
        group: where it stands in the help.
        help: a sentence or two, without the default.
        commands: which take it.
        unit: of its value, in the help.
        unset: what the default means, where that cannot be seen.
        alone: the value of the flag that stands without one; None where it needs one.
        is_repeated: whether the flag may be given several times.
        is_for_run: whether it is of a whole run, and no stage of a pipeline has its own.
        shapes_results: whether the record of a batch keeps it for those that are tried again.
    """

    name: str
    kind: Kind
    default: Any
    flags: tuple[str, ...]
    group: Group
    help: str
    commands: tuple[str, ...]
    unit: str = ""
    unset: str = ""
    alone: float | str | None = None
    is_repeated: bool = False
    is_for_run: bool = False
    shapes_results: bool = False

    @property
    def flag(self) -> str:
        """The long flag."""
        return next(flag for flag in self.flags if flag.startswith("--"))

    @property
    def option(self) -> str:
        """The long flag as a key: `chunk_length`."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def environment(self) -> str:
        """The variable of the environment."""
        return ENVIRONMENT_PREFIX + self.name.upper()

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        return self.kind.allowed

    @property
    def default_shown(self) -> str:
        """The default, in words."""
        value = self.default
        if self.unset:
            return self.unset
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, tuple):
            return ",".join(value) or "none"
        return f"{value:.3g}" if isinstance(value, float) else str(value or "none")

    def read(self, value: Any, place: str) -> Any:
        """A value from outside as it is kept; see `kinds.read`."""
        return read(self.kind, value, place)

    def check(self, value: Any, place: str) -> Any:
        """A value of Python as it is kept; see `kinds.check`."""
        return check(self.kind, value, place)


def row(
    default: T,
    flags: str,
    group: Group,
    help: str,  # noqa: A002 - what everybody calls it
    **more: Any,
) -> T:
    """A field of a dataclass, with all that is to be known about it: a row of the table.

    Args:
        default: its value where nobody says otherwise.
        flags: on the command line, with spaces between them.
        group: where it stands in the help.
        help: a sentence or two.
        more: other attributes of `Setting`. `kind`, where the type of the field does not tell it;
            `commands` and `shapes_results`, where they are not those of the group.
    """
    more = {"commands": group.commands, "shapes_results": group.shapes_results, **more}
    told = {"default": default, "flags": tuple(flags.split()), "group": group, "help": help, **more}
    return field(default=default, metadata=told)


def rows(settings: Any) -> Mapping[str, Setting]:
    """The rows of a dataclass of settings, by name."""
    return _rows(settings)


def keep_checked(settings: Any) -> None:
    """Check each value of an instance, and put in its place what is kept of it.

    Raises:
        UsageError: one is not allowed.
    """
    for name, setting in rows(type(settings)).items():
        object.__setattr__(settings, name, setting.check(getattr(settings, name), name))


@cache
def _rows(settings: type[Any]) -> Mapping[str, Setting]:
    types = get_type_hints(settings)
    return MappingProxyType(
        {
            each.name: Setting(each.name, **{"kind": _kind(types[each.name]), **each.metadata})
            for each in fields(settings)
        }
    )


def _kind(annotation: Any) -> Kind:
    """What the type of a field tells."""
    if get_origin(annotation) is Literal:
        return Words(get_args(annotation))
    kinds: dict[Any, Kind] = {
        bool: Switch(),
        bool | None: Switch(is_optional=True),
        int: Number(is_whole=True),
        float: Number(),
        str: Text(),
        str | None: Text(is_optional=True),
        tuple[str, ...]: Listed(Words(())),
    }
    return kinds[annotation]
