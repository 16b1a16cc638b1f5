"""Runs of the same folder at the same time; scripts/many_runs.py does twenty rounds."""

from __future__ import annotations

from pathlib import Path

from support.crowd import faults, prepare
from support.forked import Forks


def test_six_runs_of_a_folder_ask_once_and_keep_every_row(tmp_path: Path, forks: Forks) -> None:
    prepare(tmp_path)
    for number in range(2):
        assert list(faults(tmp_path, number, forks)) == []
