"""Settings from all their sources: defaults < TOML file < environment < flags."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from audiopipe.errors import UsageError
from audiopipe.settings.bounds import READ, check_reach
from audiopipe.settings.setting import ENVIRONMENT_PREFIX, Setting, rows
from audiopipe.settings.speakers import NamedFiles
from audiopipe.settings.subtitles import SubtitleSettings, check_together
from audiopipe.settings.table import Settings

ANSWERS, LEDGER = "answers.sqlite3", "budget.sqlite3"
"""Names of the files in `cache_folder`."""

S = TypeVar("S", bound=SubtitleSettings)

_Given = tuple[str, Any, str]  # name, value, place
_NEAR = 0.85  # so alike that a variable can hardly be meant for somebody else


def is_elsewhere(place: str) -> bool:
    """Whether a folder is an address, such as s3://bucket/prefix."""
    return "://" in place


def ledger_of(settings: Settings, environment: Mapping[str, str]) -> Path | str:
    """Where the budget's ledger is: a file, or an address."""
    return settings.ledger or cache_folder(settings, environment) / LEDGER


def answers_of(settings: Settings, environment: Mapping[str, str]) -> Path | str:
    """Where answers are kept: a file, or an address of a store."""
    named = settings.cache_dir or environment.get(f"{ENVIRONMENT_PREFIX}CACHE_DIR", "")
    return named if is_elsewhere(named) else cache_folder(settings, environment) / ANSWERS


def cache_folder(settings: Settings, environment: Mapping[str, str]) -> Path:
    """The folder of the answers and of the budget's ledger; nothing is made.

    Where answers are in a bucket, it is the user's own all the same.

    Raises:
        UsageError: nobody names one, and there is no home.
    """
    import platformdirs

    named = settings.cache_dir or environment.get(f"{ENVIRONMENT_PREFIX}CACHE_DIR")
    if named and not is_elsewhere(named):
        return Path(named)
    try:
        folder = platformdirs.user_cache_path("audiopipe")
    except RuntimeError:  # a user without an entry, as in containers
        folder = Path()
    if not folder.is_absolute():
        raise UsageError("this user has no home folder: set HOME, or AUDIOPIPE_CACHE_DIR")
    return folder


def load(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
    table: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from all their sources, the stronger over the weaker.

    Args:
        flags: values by the names of `Settings`; None means not given.
        environment: `AUDIOPIPE_MODEL` and so on, one for each setting, by its name or its flag.
        file: a TOML file with names or flags as keys; None for none.
        table: what of it is to be taken; None for all, and for what stands there.

    Raises:
        UsageError: an unknown name, a value that is not allowed, or values that cannot go
            together; the message names the flag, the variable, or the key and the file.
    """
    if table is None:
        table = read_toml(file) if file else {}
    places = {name: setting.flag for name, setting in rows(Settings).items()}
    values: dict[str, Any] = {}
    for source in (_from_table(table, file), _from_environment(environment), _from_flags(flags)):
        for name, value, place in source:
            values[name] = rows(Settings)[name].read(value, place)
            places[name] = place
    if file:
        filed = {name: values[name] for name in values if places[name].startswith(f"{file}: ")}
        check_reach(filed, values, str(file), file.parent, environment)
    defaults = {name: setting.default for name, setting in rows(Settings).items()}
    check_together(defaults | values, places.__getitem__)
    return Settings(**values)


def read_toml(file: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"cannot read the settings in {file}: {error}") from error


def change(settings: S, changes: Mapping[str, Any]) -> S:
    """`settings` with some replaced.

    Raises:
        UsageError: a name that no setting has, a value that is not allowed, or values that cannot
            go together.
    """
    known = rows(type(settings))
    for name in changes:
        if name not in known:
            raise UsageError(unknown(name, known))
    return replace(settings, **changes)


def convert(name: str, value: Any, place: str, folder: Path | None = None) -> Any:
    """A value from outside, text or not, as its setting keeps it.

    Args:
        name: of the setting, or its flag.
        value: what was given.
        place: where, for messages.
        folder: from where a path is meant; None is the working directory.

    Raises:
        UsageError: an unknown name, or a value that is not allowed.
    """
    setting = find(name)
    return setting.read(_from(folder, setting, value) if folder else value, place)


def find(name: str) -> Setting:
    """The setting of a name or a flag: `chunk_length_s`, `chunk_length`, `chunk-length`.

    Raises:
        UsageError: there is none.
    """
    wanted = name.replace("-", "_")
    for setting in rows(Settings).values():
        if wanted in (setting.name, setting.option):
            return setting
    raise UsageError(unknown(name, rows(Settings)))


def unknown(name: str, known: Mapping[str, Setting]) -> str:
    """That there is no setting of a name, and which one may be meant."""
    near = difflib.get_close_matches(name, known, 1)
    return f"there is no setting named {name}" + (f"; did you mean {near[0]}?" if near else "")


def _from_table(table: Mapping[str, Any], file: Path | None) -> Iterator[_Given]:
    for key, value in table.items():
        try:
            setting = find(key)
        except UsageError as error:
            raise UsageError(f"{file}: {error}") from None
        yield setting.name, _from(file.parent, setting, value) if file else value, f"{file}: {key}"


def _from(folder: Path, setting: Setting, value: Any) -> Any:
    """A value, where it is a path that is read: meant from the folder of the file that says so."""
    if isinstance(setting.kind, NamedFiles) and isinstance(value, str | list | dict):
        return setting.kind.beside(folder, value)
    is_path = setting.name in READ and isinstance(value, str) and value
    return str(folder / value) if is_path else value


def _from_environment(environment: Mapping[str, str]) -> Iterator[_Given]:
    variables = {}
    for setting in rows(Settings).values():
        by_flag = ENVIRONMENT_PREFIX + setting.option.upper()
        for variable in dict.fromkeys((by_flag, setting.environment)):
            variables[variable] = setting.name
            if text := environment.get(variable):
                yield setting.name, text, variable
    for variable in environment:
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in variables:
            continue
        if near := difflib.get_close_matches(variable, variables, 1, _NEAR):
            raise UsageError(f"{variable} is no setting: did you mean {near[0]}?")


def _from_flags(flags: Mapping[str, Any]) -> Iterator[_Given]:
    for name, value in flags.items():
        if value is not None:
            setting = find(name)
            yield setting.name, value, setting.flag
