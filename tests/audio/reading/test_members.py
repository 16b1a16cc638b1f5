"""Kinds of recordings that were read wrongly once, made in other ways than elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from media import ogg, surgery
from media.faults import Whole, beside_video, timed, whole
from media.formats import FORMS
from media.tonecode import Spoken, heard, layout, spoken
from support.audio import Samples, container_file, plain_file

from audiopipe.audio.channels import Channels
from audiopipe.audio.reading import AudioSource, open_source
from audiopipe.audio.reading.recording import Recording
from audiopipe.stages.prepare import prepare

FORMS_BY_NAME = {form.name: form for form in FORMS}


def listened(source: Path | bytes, channels: Channels = "auto") -> tuple[list[Spoken], Recording]:
    with open_source(source) as recording:
        sound = np.concatenate(list(prepare(recording, channels=channels)))
    sides = sound[:, 0] if sound.ndim > 1 else sound
    return heard(sides / np.float32(32768)), recording


def is_at(words: Iterable[Spoken], right: Iterable[Spoken]) -> bool:
    starts = {word.number: word.start_s for word in words}
    return starts == {word.number: pytest.approx(word.start_s, abs=1e-3) for word in right}


@pytest.mark.parametrize("name", ["m4a-aac-8k", "m4a-aac", "3gp-aac"])
def test_priming_that_itunes_notes_is_dropped_once(name: str, tmp_path: Path) -> None:
    base = whole(FORMS_BY_NAME[name], tmp_path)
    expected, _ = listened(base.path)
    case = next(case for case in surgery.of_form(base) if case.fault == "itunes")
    words, recording = listened(tmp_path / case.name)
    assert is_at(words, expected)
    assert not recording.losses


@pytest.mark.parametrize("codec", ["VORBIS", "OPUS"])
def test_an_ogg_all_of_whose_pages_are_stamped_with_nothing(codec: str) -> None:
    right = layout(8)
    data = plain_file(spoken(right, 16_000), 16_000, "OGG", codec)
    words, recording = listened(dict(ogg.changes(data))["granules-0"])
    assert is_at(words, right)
    assert not recording.losses


@pytest.mark.needs_ffmpeg
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg program is not installed")
@pytest.mark.parametrize("name", ["ogg-vorbis", "ogg-opus"])
def test_sound_that_begins_later_than_the_pictures_of_an_ogv(name: str, tmp_path: Path) -> None:
    base: Whole = timed(whole(FORMS_BY_NAME[name], tmp_path))
    case = next((case for case in beside_video(base) if case.fault == "audio-late"), None)
    if case is None:
        pytest.skip("this ffmpeg encodes no Theora")
    words, recording = listened(tmp_path / case.name)
    assert is_at(words, case.words)
    assert not recording.losses


def source(kind: str, sound: Samples) -> AudioSource:
    if kind == "samples":
        return sound, 16_000
    if kind == "flac":
        return plain_file(sound, 16_000, "FLAC")
    return container_file([sound], 16_000, "matroska", "pcm_s16le")


CANCELLING = [(1, -1), (1, -0.97), (1, -1, 1, -1), (0, 1, -1, 0, 0, 0)]


@pytest.mark.parametrize("channels", get_args(Channels))
@pytest.mark.parametrize("gains", CANCELLING)
@pytest.mark.parametrize("kind", ["samples", "flac", "mka"])
def test_what_the_user_says_of_channels_goes_before_what_would_cancel(
    kind: str, gains: tuple[float, ...], channels: Channels
) -> None:
    words = layout(5)
    voice = spoken(words, 16_000)
    sound = np.stack([np.float32(gain) * voice for gain in gains], axis=1)
    with open_source(source(kind, sound)) as recording:
        mixed = np.concatenate(list(prepare(recording, channels=channels)))
    sides = mixed if mixed.ndim > 1 else mixed[:, np.newaxis]
    said = [len(heard(side / np.float32(32768))) for side in sides.T]
    side = {"left": gains[0], "right": gains[1], "auto": 1, "mix": 0}
    expected = gains if channels == "split" else [side[channels]]
    assert said == [len(words) * bool(gain) for gain in expected]
    assert bool(recording.notes) == (channels == "auto")
