from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.audio import plain_file, tone

from audiopipe.audio.mastering import Master
from audiopipe.audio.reading.tags import tags
from audiopipe.errors import UnreadableInput
from audiopipe.speech.tags import Tags

TOLD = Tags("A title", "Ann", "Pod", "Talk", "2026")


@pytest.mark.parametrize("ending", [".m4b", ".mp3", ".flac", ".opus"])
def test_tags_are_read_as_they_were_written(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    with Master(path, 24_000) as master:
        master.write(np.full(4800, 0.1, np.float32))
        master.finish(TOLD.named(), [])
    assert Tags.of(tags(path)) == TOLD
    assert Tags.of(tags(path), title="Own").title == "Own"


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3", "AIFF"])
def test_a_tag_in_front_of_any_recording_is_read(kind: str, tmp_path: Path) -> None:
    title, artist = b"TIT2\0\0\0\6\0\0\0Title", b"TPE1\0\0\0\4\0\0\0Ann"
    head = b"ID3\3\0\0\0\0\0" + bytes([len(title + artist)]) + title + artist
    (tmp_path / "a").write_bytes(head + plain_file(tone(1, 16_000), 16_000, kind))
    assert tags(tmp_path / "a") == {"title": "Title", "artist": "Ann"}


def test_what_has_no_tags_has_none(tmp_path: Path) -> None:
    assert tags((np.zeros(100, np.float32), 16_000)) == {}
    (tmp_path / "a.mp3").write_bytes(b"nothing")
    assert tags(tmp_path / "a.mp3") == {}
    with pytest.raises(UnreadableInput):
        tags(tmp_path / "missing.mp3")
