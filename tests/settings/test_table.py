"""Properties of the table: what is allowed arrives equal from every source, and what is not is one
line that names the source and what is."""

from __future__ import annotations

import json
import math
import pickle
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import click
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiopipe import transcribe
from audiopipe.cli.options import Value
from audiopipe.errors import UsageError
from audiopipe.limits.rules import RULES
from audiopipe.render import RENDERERS
from audiopipe.settings import FORMATS, Setting, Settings, SubtitleSettings, change, load, table
from audiopipe.settings.kinds import (
    Address,
    Assignment,
    Kind,
    Listed,
    Number,
    Share,
    Switch,
    Text,
    Words,
)
from audiopipe.settings.provider import LIMITS
from audiopipe.settings.speakers import Count, NamedFiles
from audiopipe.settings.table import FLAG_LIMITS
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.workflows.batch import Batch, settings_of
from audiopipe.workflows.recipe import read as read_recipe

TABLE = table()
NAMES = [each.name for each in TABLE]
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
TOGETHER = {
    "min_cue_duration_s": (0.001, 7.0),
    "max_cue_duration_s": (0.84, 1e6),
    "overlap_s": (0.0, 299.9),
    "chunk_length_s": (20.1, 1e6),
}
"""What goes together with the defaults of others."""


def of(name: str) -> Setting:
    return next(each for each in TABLE if each.name == name)


def by_flag(setting: Setting, value: Any) -> Settings:
    """As the command line gives it, through the parser of a command that takes it."""
    name = "roundtrip" if "roundtrip" in setting.commands else setting.commands[0]
    command: click.Command = import_module(f"audiopipe.cli.{name}").command
    if isinstance(command, click.Group):
        command = command.commands["info"]
    if isinstance(setting.kind, Switch) and isinstance(value, bool):
        arguments = [setting.flag if value else f"--no-{setting.flag[2:]}"]
    else:
        arguments = [f"{setting.flag}={as_text(value)}"]
    takes_inputs = any(isinstance(each, click.Argument) for each in command.params)
    context = command.make_context(name, [*arguments, *(["x"] if takes_inputs else [])])
    return load({setting.name: context.params[setting.name]}, {})


def by_variable(setting: Setting, value: Any) -> Settings:
    return load({}, {setting.environment: as_text(value)})


def by_file(setting: Setting, value: Any) -> Settings:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "own.toml"
        file.write_text(f"{setting.option} = {as_toml(value)}\n", "utf-8")
        # paths may be anywhere: what a file may name is tested in cli/test_reach
        allowing = {} if setting.name == "allow" else {"allow": True}
        return change(load(allowing, {}, file), dict.fromkeys(allowing, False))


def by_keyword(setting: Setting, value: Any) -> Settings:
    return Settings(**{setting.name: value})


SOURCES: Mapping[str, Callable[[Setting, Any], Settings]] = {
    "flag": by_flag,
    "environment": by_variable,
    "file": by_file,
    "keyword": by_keyword,
}


def as_text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def as_toml(value: Any) -> str:
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower()


def right(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Address(schemes):
            return st.sampled_from([f"{scheme}host/0" for scheme in schemes])
        case Share():
            return st.sampled_from(["1/1", "3/10", "10/10"])
        case Words(words):
            return st.sampled_from(words)
        case Switch():
            return st.booleans()
        case Number(is_whole=True):
            return st.integers(int(kind.low), int(min(kind.high, 10**6)))
        case Number():
            most = min(kind.high, 1e6)
            bounded = st.floats(kind.low, most, exclude_min=kind.is_above)
            return bounded | st.just(math.inf) if kind.is_endless else bounded
        case Listed(Words(words)):
            return st.lists(st.sampled_from(words), min_size=1, unique=True).map(tuple)
        case Listed(Text()):
            return st.just(("https://a.example", "app://obsidian.md"))
        case Listed(Assignment(names)):
            values = st.integers(1, 999).map(str) | st.just("none")
            return st.dictionaries(st.sampled_from(names), values, min_size=1).map(
                lambda made: tuple(f"{name}={value}" for name, value in made.items())
            )
        case Count(most):
            return st.integers(1, most).map(str) | st.just("auto")
        case NamedFiles():
            return st.just(("Ann=/tmp/ann.wav",))
        case Text(is_path=True):
            return st.sampled_from(["/tmp/terms.txt", "/tmp/ä b.txt"])
    return PLAIN


def wrong_text(kind: Kind) -> st.SearchStrategy[str]:
    """Texts that no value of the kind is written as."""
    match kind:
        case Number():
            beyond = [str(kind.low - 1)] if kind.low > -math.inf else []
            beyond += [str(kind.high + 1)] if kind.high < math.inf else []
            beyond += [] if kind.is_endless else ["inf", "1e999"]
            beyond += ["1.5", "2.0"] if kind.is_whole else []
            beyond += [str(kind.low)] if kind.is_above else []
            return st.sampled_from([*beyond, "nan", "-inf", "many", "1,5", "0x1", "1 2", "true"])
        case Switch():
            return st.sampled_from(["perhaps", "2", "-1", "nan", "y e s", "truefalse"])
        case Listed(Assignment(names=names, low=low)):
            name = names[0]
            more = [f"{name}=0", f"{name}=-1"] if low == 0 else []
            return st.sampled_from(
                [*more, "xyz=3", name, f"{name}=", f"{name}=nan", f"{name}=inf", "=3", f"{name}=a"]
            )
    if isinstance(kind, Count):
        return st.sampled_from(["0", "-1", "33", "two", "1.5", "AUTO"])
    return st.sampled_from(["both", "mp3", "prod", "docs", "cloud", "1", "nan", "txt;srt", "allx"])


def wrong_value(kind: Kind) -> st.SearchStrategy[Any]:
    """Values of Python that are none of the kind."""
    odd = [object(), {}, {"a": 1}, [[]], [None], [3], b"x", (1.5,), 1j]
    odd += [] if isinstance(kind, Text) else ["?"]
    odd += [] if isinstance(kind, Text | Address | Share) else [""]
    odd += [] if isinstance(kind, Text | Switch) and kind.is_optional else [None]
    odd += [] if isinstance(kind, Switch) else [True, False]
    odd += [] if isinstance(kind, Number) else [3, 2.5, math.nan]
    odd += [] if isinstance(kind, Listed) else [(), []]
    if isinstance(kind, Number):
        odd += [math.nan, -math.inf, kind.low - 1, "3", 10**400, 10**9999]
        odd += [1.0, np.float32(2)] if kind.is_whole else []
    if isinstance(kind, Listed):
        odd.remove("")  # an empty list
    if isinstance(kind, Listed) and isinstance(kind.each, Text):
        odd.remove("?")
    if isinstance(kind, Text):
        odd += ["a\0b"]
    if isinstance(kind, Count):
        odd = [each for each in odd if each not in ("", 3)] + [0, 33, -1, "two"]
    if isinstance(kind, NamedFiles):
        odd = [each for each in odd if each not in ("", (), [], {}, {"a": 1})]
        odd += ["=a", ["a="], ["a=b", "a=c"]]
    return st.sampled_from(odd)


def texted(kind: Kind) -> bool:
    """Whether there is a text that is wrong."""
    return not isinstance(kind, Text) and not (
        isinstance(kind, Listed) and isinstance(kind.each, Text)
    )


def told(error: pytest.ExceptionInfo[UsageError], *words: str) -> None:
    line = str(error.value)
    assert len(line.splitlines()) == 1
    assert error.value.exit_code == 2
    assert not [word for word in words if word not in line], line


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_a_right_value_arrives_equal_from_all_sources(name: str, data: st.DataObject) -> None:
    setting = of(name)
    value = data.draw(st.floats(*TOGETHER[name]) if name in TOGETHER else right(setting.kind))
    asked = Settings(**{name: value})
    assert getattr(asked, name) == value
    # leave is for who runs a file to give, and no file gives it to itself
    sources = [source for source in SOURCES if (source, name) != ("file", "allow")]
    assert {source: SOURCES[source](setting, value) for source in sources} == dict.fromkeys(
        sources, asked
    )


@pytest.mark.parametrize("name", [each.name for each in TABLE if texted(each.kind)])
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_a_wrong_word_is_told_with_its_place_and_what_is_allowed(
    name: str, data: st.DataObject
) -> None:
    setting = of(name)
    text = data.draw(wrong_text(setting.kind))
    # click takes -1 for another flag behind a flag that may stand alone
    if not (isinstance(setting.kind, Switch) or (setting.alone and text.startswith("-"))):
        with pytest.raises(UsageError) as error:
            by_flag(setting, text)
        told(error, setting.flag, setting.allowed)
    with pytest.raises(UsageError) as error:
        by_variable(setting, text)
    told(error, setting.environment, setting.allowed)
    with pytest.raises(UsageError) as error:
        by_file(setting, text)
    told(error, f"own.toml: {setting.option}", setting.allowed)
    with pytest.raises(UsageError) as error:
        by_keyword(setting, text)
    told(error, name, setting.allowed)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_a_wrong_value_is_told_with_its_name_and_what_is_allowed(
    name: str, data: st.DataObject
) -> None:
    setting = of(name)
    value = data.draw(wrong_value(setting.kind))
    with pytest.raises(UsageError) as error:
        by_keyword(setting, value)
    told(error, name, setting.allowed)
    if name != "backend":  # which may be an object
        with pytest.raises(UsageError) as error:
            transcribe("no-such-file", **{name: value})
        told(error, name, setting.allowed)
    if value is not None:
        with pytest.raises(UsageError) as error:
            load({}, {}, Path("own.toml"), {name: value if value != "3" else []})
        told(error, f"own.toml: {name}", setting.allowed)


@pytest.mark.parametrize("name", [each.name for each in TABLE if each.shapes_results])
def test_a_wrong_value_in_the_record_of_a_batch_is_told(name: str) -> None:
    batch = Batch("", "", "", {name: {"a": 1}}, ())
    with pytest.raises(UsageError) as error:
        settings_of(Path("out"), batch)
    told(error, "batch.json", name, of(name).allowed)


@pytest.mark.parametrize("name", ["base_url", "output_dir", "cache_dir", "max_cost_usd", "x"])
def test_a_batch_says_nothing_of_where_things_are(name: str) -> None:
    with pytest.raises(UsageError) as error:
        settings_of(Path("out"), Batch("", "", "", {name: "x"}, ()))
    told(error, "batch.json", f"keeps no {name}")


@pytest.mark.parametrize(
    ("option", "value"),
    [("channels", '"both"'), ("chunk-length", "nan"), ("workers", "true"), ("limit", "[3]")],
)
def test_a_wrong_value_in_a_stage_is_told_with_the_stage(
    option: str, value: str, tmp_path: Path
) -> None:
    file = tmp_path / "pipeline.toml"
    file.write_text(f'[[stage]]\nname = "transcribe"\n{option} = {value}\n')
    with pytest.raises(UsageError) as error:
        read_recipe(file, {})
    told(error, "pipeline.toml: stage 1 (transcribe)", option.replace("-", "_"))


def test_numbers_of_numpy_and_paths_are_what_they_mean() -> None:
    given: dict[str, Any] = {"workers": np.int64(3), "overlap_s": np.float32(2.5)}
    given |= {"cache_dir": Path("/a"), "drop": ["too_fast"]}
    made = Settings(**given)
    kinds = [type(each) for each in (made.workers, made.overlap_s, made.cache_dir, made.drop)]
    assert kinds == [int, float, str, tuple]
    assert made == Settings(workers=3, overlap_s=2.5, cache_dir="/a", drop=("too-fast",))


def test_settings_are_pickled_compared_and_hashed() -> None:
    made = Settings(language="de", limits=("rpm=20",), max_wait_s=3)
    copy = pickle.loads(pickle.dumps(made))
    assert (copy, hash(copy)) == (made, hash(made))
    assert hash(SubtitleSettings()) == hash(replace(SubtitleSettings(), min_gap_s=2 / 24))


def test_every_name_stands_once() -> None:
    assert sorted(NAMES) == sorted(field.name for field in fields(Settings))
    flags = [flag for each in TABLE for flag in each.flags]
    assert len(flags) == len(set(flags))
    keys = [key for each in TABLE for key in {each.name, each.option}]
    assert len(keys) == len(set(keys))


def test_each_type_is_that_of_the_kind() -> None:
    types = get_type_hints(Settings)
    for setting in TABLE:
        kinds = {
            int: Number,
            float: Number,
            bool: Switch,
            bool | None: Switch,
            tuple[str, ...]: Listed | NamedFiles,
        }
        assert isinstance(
            setting.kind, kinds.get(types[setting.name], Text | Words | Address | Count | Share)
        ), setting.name
        assert setting.check(setting.default, "") == setting.default


def test_names_that_stand_elsewhere_too_are_the_same() -> None:
    assert tuple(rule.name for rule in RULES) == LIMITS
    assert [field.name.replace("_", "-") for field in fields(Thresholds)] == [*FLAG_LIMITS]
    assert set(RENDERERS) == set(FORMATS)


def test_a_command_has_the_flags_of_the_settings_that_it_takes() -> None:
    for name in {name for each in TABLE for name in each.commands}:
        command = import_module(f"audiopipe.cli.{name}").command
        for each in command.commands.values() if name == "cache" else [command]:
            made = {param.name: param for param in each.params}
            for setting in table(name):
                param = made[setting.name]
                assert set(setting.flags) <= set(param.opts), (name, setting.name)
                assert isinstance(param.type, Value) or isinstance(setting.kind, Switch)
