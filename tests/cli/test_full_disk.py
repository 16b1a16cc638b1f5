"""A disk that fills while a command works on it; scripts/full_disks.py tries every place."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.disks import COMMANDS, disk, faults
from support.forked import Forks
from support.killing import prepare

AT = {"render": (0, 20_000), "prepare": (0, 1_200_000)}
"""Request at which it fills, and bytes that stay; else the second one, and none."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("full")
    try:
        with disk(made / "tried"):
            pass
    except (OSError, FileNotFoundError) as error:
        pytest.skip(f"a disk of its own can be had by root on Linux alone: {error}")
    prepare(made, talks=2)
    return made


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_answered_is_lost_and_the_same_command_goes_on(
    name: str, folder: Path, forks: Forks
) -> None:
    at, left_bytes = AT.get(name, (2, 0))
    assert list(faults(name, folder, "all", at, forks, left_bytes)) == []
