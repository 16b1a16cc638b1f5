"""Commands that are killed at any moment; scripts/kill_runs.py does it a hundred times."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.forked import Forks
from support.killing import COMMANDS, campaign, prepare


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_goes_on_as_if_undisturbed_and_leaves_nothing(
    name: str, tmp_path: Path, forks: Forks
) -> None:
    prepare(tmp_path, talks=2)
    seen = campaign(name, tmp_path, 2, random.Random(7), forks)
    assert seen.faults == []
    assert seen.kills == 2
