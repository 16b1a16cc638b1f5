from __future__ import annotations

import re
import shlex
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import click
import pytest

from audiopipe.cli import COMMANDS, cli
from audiopipe.settings import GROUPS, table


def leaves() -> list[tuple[str, ...]]:
    """Every command, by the words that call it."""
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        made = import_module(f"audiopipe.cli.{name}").command
        inner = made.commands if isinstance(made, click.Group) else ()
        found += [(name, each) for each in inner] or [(name,)]
    return found


def context(words: tuple[str, ...]) -> click.Context:
    """Of a command, without its arguments."""
    made: click.Context = cli.make_context("audiopipe", [words[0]])
    for word in words:
        assert isinstance(made.command, click.Group)
        command = made.command.get_command(made, word)
        assert command is not None
        made = click.Context(command, info_name=word, parent=made)
    return made


@pytest.mark.parametrize("words", leaves(), ids=" ".join)
def test_help_is_grouped_and_ends_with_examples_that_can_be_called(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    for name in ("talk.json", "talk.corrections.json"):
        Path(name).touch()
    made = context(words)
    help_ = made.get_help()
    titles = re.findall(r"^(\w[\w ]*):$", help_, re.MULTILINE)
    taken = {setting.group for setting in table(words[0])}
    wanted = [group.title for group in GROUPS if group in taken]
    assert [title for title in titles if title not in ("Options", "General")] == [
        *wanted,
        "Examples",
    ]
    examples = help_.partition("Examples:\n")[2].splitlines()
    assert 2 <= len(examples) <= 4
    for example in examples:
        line = example.strip().removeprefix(made.command_path)
        arguments = [*takewhile(lambda word: word not in "|<", shlex.split(line))]
        made.command.make_context(words[-1], arguments)
