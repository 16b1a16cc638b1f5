"""Files of stores; memory:// is one that needs no network."""

from __future__ import annotations

import fsspec
import numpy as np
import pytest
from support.audio import container_file, plain_file, tone

from audiopipe.audio.reading import open_source
from audiopipe.errors import EmptyAudio, UnreadableInput
from audiopipe.pipeline import prepare_and_tell
from audiopipe.settings import Settings

FILES = {
    "a.wav": plain_file(tone(3, 16_000), 16_000, "WAV"),
    "b.m4a": container_file([tone(3, 16_000)], 16_000, "ipod", "aac"),
    "c.mp3": container_file([tone(3, 16_000)], 16_000, "mp3", "libmp3lame"),
}


@pytest.mark.parametrize("name", FILES)
def test_an_object_gives_what_its_bytes_give(name: str) -> None:
    fsspec.filesystem("memory").pipe(f"/reading/{name}", FILES[name])
    with open_source(FILES[name]) as opened:
        expected = np.concatenate([block.copy() for block in opened.blocks()])
    with open_source(f"memory://reading/{name}") as opened:
        assert np.array_equal(np.concatenate(list(opened.blocks())), expected)


def test_a_run_takes_addresses_and_names_no_password() -> None:
    fsspec.filesystem("memory").pipe("/reading/talk.wav", FILES["a.wav"])
    assert [*prepare_and_tell("memory://reading/talk.wav", Settings())]
    with pytest.raises(UnreadableInput) as error:
        [*prepare_and_tell("memory://me:secret@reading/none.wav", Settings())]
    assert "no such file" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("address", ["memory://reading/none.wav", "nosuch://reading/a.wav"])
def test_what_cannot_be_had_is_that_files_failure(address: str) -> None:
    reason = r"none\.wav: no such file|nosuch"
    with pytest.raises(UnreadableInput, match=reason), open_source(address):
        pass


def test_an_empty_object_is_empty() -> None:
    fsspec.filesystem("memory").pipe("/reading/empty.wav", b"")
    with pytest.raises(EmptyAudio), open_source("memory://reading/empty.wav"):
        pass
