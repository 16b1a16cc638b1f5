from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.fixtures import ROOT

from audiopipe.cli import COMMANDS
from audiopipe.cli.help import text, topics
from audiopipe.errors import UsageError
from audiopipe.settings import table


@pytest.mark.parametrize("topic", topics())
def test_a_topic_has_a_title_a_summary_and_no_marks(topic: str) -> None:
    title, summary, *_ = text(topic).split("\n\n")
    assert title.startswith("# ")
    assert summary.strip()
    assert "<!--" not in text(topic)


def test_every_topic_that_is_named_anywhere_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "audiopipe").rglob("*.py")]
    named = {
        name
        for page in pages
        for name in re.findall(r"audiopipe help ([a-z-]+)", page.read_text("utf-8"))
    }
    assert named
    assert named <= {*topics()}


def test_an_unknown_topic_is_answered_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"choose from .*flags"):
        text("flugs")


def test_every_setting_and_every_command_is_documented() -> None:
    shown = text("settings")
    assert all(f"`{each.name}`" in shown for each in table())
    readme = (ROOT / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in readme for name in COMMANDS)


def test_tables_are_as_the_code_has_them() -> None:
    script = ROOT / "scripts" / "make_help.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200
