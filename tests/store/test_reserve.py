from __future__ import annotations

from pathlib import Path

import pytest
from support.disks import disk

from audiopipe.store.answers import Store, key
from audiopipe.values.requests import SpeechRequest

_MB = 1 << 20


def test_more_room_is_kept_for_speech_and_never_most_of_a_disk(tmp_path: Path) -> None:
    def kept_mb() -> int:
        return (folder / "answers.db.reserve").stat().st_size // _MB

    folder = tmp_path / "disk"
    try:
        with disk(folder), Store(folder / "answers.db") as store:
            name = key("speech", "b", "", SpeechRequest("x"))
            with store.claim(name):
                assert kept_mb() == 4
            with store.claim(name, kind="speech"):
                assert 8 <= kept_mb() <= 12
    except PermissionError as error:
        pytest.skip(f"a disk of its own can be had by root on Linux alone: {error}")
