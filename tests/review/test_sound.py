from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.fixtures import JFK

from audiopipe.render import save
from audiopipe.review.sound import PEAKS_HZ, find, sound, waveform
from audiopipe.values.transcript import Source, Transcript


def told(name: str) -> Transcript:
    return Transcript(Source(name, "", 11), "transcribe", "en", ())


def test_the_waveform_is_loud_where_the_recording_is_and_made_once(tmp_path: Path) -> None:
    rate = 8000
    loud = np.tile(np.repeat([0.0, 0.5], rate), 3)
    soundfile.write(tmp_path / "a.wav", loud, rate)
    peaks = np.frombuffer(waveform(tmp_path / "a.wav", tmp_path), np.uint8)
    assert len(peaks) == pytest.approx(6 * PEAKS_HZ, abs=1)
    middles = peaks[PEAKS_HZ // 2 :: PEAKS_HZ]
    assert list(middles > 200) == [False, True] * 3
    (kept,) = tmp_path.glob("*.peaks")
    kept.write_bytes(b"kept")
    assert waveform(tmp_path / "a.wav", tmp_path) == b"kept"


def test_a_recording_is_linked_or_embedded(tmp_path: Path) -> None:
    folder = tmp_path / "höre & sieh #1"
    folder.mkdir()
    recording = folder / "rede.flac"
    recording.write_bytes(JFK.read_bytes())
    linked = sound(recording, tmp_path / "pages" / "review.html", None, is_embedded=False)
    assert linked.address == "../h%C3%B6re%20%26%20sieh%20%231/rede.flac"
    held = sound(recording, tmp_path / "review.html", None, is_embedded=True)
    assert base64.b64decode(held.address.partition(",")[2]) == JFK.read_bytes()
    odd = recording.rename(recording.with_suffix(".unknown"))
    made = sound(odd, tmp_path / "review.html", None, is_embedded=True).address
    kind, _, data = made.partition(",")
    assert kind == "data:audio/ogg;base64"
    assert soundfile.info(io.BytesIO(base64.b64decode(data))).duration == pytest.approx(11, abs=0.1)


def test_a_recording_is_found_where_it_was_and_beside_and_where_it_is_named(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    path = save(told("/gone/talk.mp3"), out / "talk.json")
    assert find(path, told("/gone/talk.mp3"), None) is None
    (tmp_path / "talk.mp3").touch()
    assert find(path, told("/gone/talk.mp3"), None) == tmp_path / "talk.mp3"
    (out / "talk.opus").touch()
    assert find(path, told("renamed.mp3"), None) == out / "talk.opus"
    (elsewhere / "talk.mp3").touch()
    assert find(path, told("/gone/talk.mp3"), elsewhere) == elsewhere / "talk.mp3"
    assert find(path, told("https://example.org/x.mp3"), out / "talk.opus") == out / "talk.opus"
