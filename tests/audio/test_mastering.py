from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.audio import babble
from support.speechlike import make_recording

from audiopipe.audio.clip import audio_segment
from audiopipe.audio.mastering import KINDS, LOUDNESS_LUFS, Master
from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.chapters import chapters
from audiopipe.errors import OutputError, UnreadableInput
from audiopipe.values.audio import Chapter, Span

RATE_HZ = 16_000
CHAPTERS = (Chapter("Eins", Span(0, 3.5)), Chapter("Zwei: ü", Span(3.5, 8)))


def voice(level: float, peaks: float = 0.0) -> NDArray[np.float32]:
    """8 s of noise in words and pauses, with some peaks."""
    samples = babble(8).astype(np.float32) / 3000 * level
    samples[::4000] += peaks
    return samples.astype(np.float32)


def made(path: Path, samples: NDArray[np.float32], rate_hz: int = RATE_HZ, **tags: str) -> Path:
    with Master(path, rate_hz) as master:
        for at in range(0, len(samples), 7000):
            master.write(samples[at : at + 7000])
        master.finish(tags, CHAPTERS)
    return path


def decoded(path: Path) -> tuple[NDArray[np.float32], int]:
    with open_source(path) as recording:
        return np.concatenate(list(recording.blocks()))[:, 0], recording.rate_hz


def loudness(samples: NDArray[np.float32], rate_hz: int) -> float:
    return float(pyloudnorm.Meter(rate_hz).integrated_loudness(samples.astype(np.float64)))


@settings(max_examples=20)
@given(st.floats(-60, -6), st.floats(0, 0.9))
def test_any_level_becomes_the_same_loudness_without_a_clipped_peak(
    tmp_path_factory: pytest.TempPathFactory, level_db: float, peaks: float
) -> None:
    path = tmp_path_factory.mktemp("level") / "a.wav"
    samples, rate_hz = decoded(made(path, voice(10 ** (level_db / 20), peaks)))
    assert len(samples) == 8 * RATE_HZ
    assert np.abs(samples).max() <= 10 ** (-2.9 / 20)
    assert abs(loudness(samples, rate_hz) - LOUDNESS_LUFS) < 0.5 or level_db < -55


@pytest.mark.parametrize("ending", KINDS)
def test_every_kind_keeps_length_loudness_and_tags(tmp_path: Path, ending: str) -> None:
    words = make_recording(16) / np.float32(
        10
    )  # noise would lose much of itself in the lossy kinds
    path = made(tmp_path / f"a{ending}", words, title="Der Titel: ü", artist="Ann")
    samples, rate_hz = decoded(path)
    assert len(samples) / rate_hz == pytest.approx(8, abs=0.03)
    assert loudness(samples, rate_hz) == pytest.approx(LOUDNESS_LUFS, abs=0.5)
    with av.open(str(path)) as container:
        told = {**container.metadata, **container.streams.audio[0].metadata}
    assert (told["title"], told["artist"]) == ("Der Titel: ü", "Ann")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", [".m4a", ".mp3", ".opus", ".flac"])
def test_chapters_are_in_the_file(tmp_path: Path, ending: str) -> None:
    with av.open(str(made(tmp_path / f"a{ending}", voice(0.02)))) as container:
        chapters = container.chapters()
    found = [
        (each["metadata"]["title"], each["start"] * float(each["time_base"] or 0))
        for each in chapters
    ]
    assert found == [("Eins", 0.0), ("Zwei: ü", 3.5)]


@pytest.mark.parametrize("rate_hz", [8000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("ending", KINDS)
def test_every_rate_of_a_voice_can_be_written(tmp_path: Path, ending: str, rate_hz: int) -> None:
    samples, rate = decoded(made(tmp_path / f"a{ending}", voice(0.05), rate_hz))
    assert len(samples) / rate == pytest.approx(8 * RATE_HZ / rate_hz, abs=0.05)


@pytest.mark.parametrize("samples", [np.zeros(8000, np.float32), voice(0.1)[:2000]])
def test_what_has_no_loudness_is_written_as_it_is(
    tmp_path: Path, samples: NDArray[np.float32]
) -> None:
    written, _ = decoded(made(tmp_path / "a.flac", samples))
    assert np.abs(written - samples).max() < 1e-3


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    old = tmp_path / "a.mp3"
    old.mkdir()
    (old / "kept").touch()
    with pytest.raises(OutputError, match=r"cannot write .*a\.mp3"):
        made(old, voice(0.1))
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp3"]
    with pytest.raises(OutputError, match="cannot write"):
        Master(old / "kept" / "b.mp3", RATE_HZ)


def test_pydub_gets_the_samples(tmp_path: Path) -> None:
    path = made(tmp_path / "a.m4a", voice(0.02))
    segment = audio_segment(path)
    assert (segment.frame_rate, segment.channels, segment.sample_width) == (RATE_HZ, 1, 2)
    samples, _ = decoded(path)
    assert np.abs(np.frombuffer(segment.raw_data, "<i2") / 32768 - samples).max() < 1e-4


@pytest.mark.parametrize("ending", [ending for ending in KINDS if ending != ".wav"])
def test_chapters_are_read_as_they_were_written(tmp_path: Path, ending: str) -> None:
    found = chapters(made(tmp_path / f"a{ending}", voice(1)))
    assert [each.title for each in found] == ["Eins", "Zwei: ü"]
    assert [each.span.start_s for each in found] == pytest.approx([0, 3.5], abs=1e-3)


def test_what_holds_no_chapters_has_none(tmp_path: Path) -> None:
    assert chapters(made(tmp_path / "a.wav", voice(1))) == ()
    assert chapters((voice(1), RATE_HZ)) == ()
    assert chapters(b"no container that anybody knows") == ()
    assert chapters("https://example.org/a.mp3") == ()
    with pytest.raises(UnreadableInput, match=r"none\.mp3"):
        chapters(tmp_path / "none.mp3")
