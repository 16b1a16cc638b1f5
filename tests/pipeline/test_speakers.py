"""Who speaks, told for whatever backend recognises: in whole recordings, chunks and folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from support.server import KEY, Server
from support.voices import RATE_HZ, begins_s, dialogue, hear, reader

import audiopipe
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.errors import InputError, UsageError
from audiopipe.limits.rules import Limits
from audiopipe.render import render
from audiopipe.values.transcript import Transcript

TURNS = (
    ("kathleen", 0.0, 8.0),
    ("narrator", 0.0, 7.0),
    ("kathleen", 20.0, 27.0),
    ("narrator", 12.0, 20.0),
    ("kathleen", 40.0, 48.0),
)


@pytest.fixture(scope="module")
def groq() -> Iterator[Groq]:
    with Server(hear) as server, Groq(api_key=KEY, base_url=server.url, limits=Limits()) as backend:
        yield backend


def told(groq: Groq, *turns: tuple[str, float, float], **settings: Any) -> Transcript:
    return audiopipe.transcribe((dialogue(*turns), RATE_HZ), backend=groq, **settings)


def wrong_share(transcript: Transcript, turns: tuple[tuple[str, float, float], ...]) -> float:
    """Of all words, by the best pairing of names."""
    begins = begins_s(*turns)
    pairs = []
    for segment in transcript.segments:
        for word in segment.words:
            turn = max(n for n, at_s in enumerate(begins) if at_s <= word.span.middle_s)
            pairs.append((segment.speaker, turns[turn][0]))
    means = {
        who: max({p[0] for p in pairs}, key=lambda s: pairs.count((s, who))) for _, who in pairs
    }
    assert len(set(means.values())) == len({who for who, *_ in turns})
    return sum(speaker != means[who] for speaker, who in pairs) / len(pairs)


@pytest.mark.parametrize("speakers", ["auto", 2])
@pytest.mark.parametrize("chunk_length_s", [600.0, 15.0])
def test_two_readers_are_told_apart(groq: Groq, speakers: Any, chunk_length_s: float) -> None:
    cut: dict[str, Any] = {"chunk_length_s": chunk_length_s, "overlap_s": 4.0}
    transcript = told(groq, *TURNS, speakers=speakers, **cut)
    assert wrong_share(transcript, TURNS) < 0.06
    assert {segment.speaker for segment in transcript.segments} == {"Speaker 1", "Speaker 2"}
    plain = told(groq, *TURNS, **cut)
    assert transcript.words == plain.words
    assert not any(segment.speaker for segment in plain.segments)


def test_three_readers_and_one(groq: Groq) -> None:
    turns = (*TURNS, ("jfk", 0.5, 10.5), ("narrator", 25.0, 33.0))
    assert wrong_share(told(groq, *turns, speakers="auto"), turns) < 0.06
    alone = told(groq, ("kathleen", 0.0, 30.0), speakers="auto")
    assert {segment.speaker for segment in alone.segments} == {"Speaker 1"}


def test_names_by_samples(groq: Groq, tmp_path: Path) -> None:
    for name, part in (("kathleen", slice(50, 59)), ("jfk", slice(0, 10))):
        samples = reader(name)[part.start * RATE_HZ : part.stop * RATE_HZ]
        sf.write(tmp_path / f"{name}.wav", samples, RATE_HZ)
    samples_of = {"Kathleen": tmp_path / "kathleen.wav", "John": tmp_path / "jfk.wav"}
    transcript = told(groq, *TURNS, voice_samples=samples_of)
    assert {segment.speaker for segment in transcript.segments} == {"Kathleen", "Speaker 1"}
    assert wrong_share(transcript, TURNS) < 0.06


def test_a_sample_without_a_voice_is_told_before_anything_is_sent(
    groq: Groq, tmp_path: Path
) -> None:
    sf.write(tmp_path / "nothing.wav", [0.0] * RATE_HZ, RATE_HZ)
    for path in ("nothing.wav", "missing.wav"):
        with pytest.raises(InputError, match=path):
            told(groq, *TURNS, voice_samples={"Ann": tmp_path / path})


def test_the_same_names_across_recordings(groq: Groq) -> None:
    first = (("narrator", 0.0, 9.0), ("kathleen", 0.0, 9.0))
    second = (("jfk", 0.5, 10.0), ("kathleen", 20.0, 30.0), ("narrator", 20.0, 30.0))
    sources = [(dialogue(*turns), RATE_HZ) for turns in (first, second)]
    with audiopipe.Session(backend=groq, speakers_across=True) as session:
        outcomes = list(session.transcribe_many(sources))
    names = [
        list(dict.fromkeys(s.speaker for s in outcome.result().segments)) for outcome in outcomes
    ]
    assert names == [["Speaker 1", "Speaker 2"], ["Speaker 3", "Speaker 2", "Speaker 1"]]
    assert set(outcomes[1].voices) == {"Speaker 1", "Speaker 2", "Speaker 3"}


def test_the_same_names_in_a_later_run_into_the_folder(groq: Groq, tmp_path: Path) -> None:
    def names(folder: str, *turns: tuple[str, float, float]) -> list[str | None]:
        settings: dict[str, Any] = {
            "speakers_across": True,
            "cache_dir": str(tmp_path / "cache"),
            "output_dir": str(tmp_path / folder),
        }
        heard = told(groq, *turns, **settings)
        return list(dict.fromkeys(segment.speaker for segment in heard.segments))

    assert names("a", ("narrator", 0.0, 9.0), ("kathleen", 0.0, 9.0)) == ["Speaker 1", "Speaker 2"]
    second = ("jfk", 0.5, 10.0), ("kathleen", 20.0, 30.0), ("narrator", 20.0, 30.0)
    assert names("a", *second) == ["Speaker 3", "Speaker 2", "Speaker 1"]
    assert names("b", *second) == ["Speaker 1", "Speaker 2", "Speaker 3"]


@pytest.mark.parametrize("wrong", ["0", "-1", "two", 1.5, 33, True])
def test_a_number_of_speakers_is_one(wrong: Any, groq: Groq) -> None:
    with pytest.raises(UsageError, match="auto, or a whole number from 1 to 32"):
        told(groq, *TURNS, speakers=wrong)


def test_channels_are_speakers_already(groq: Groq) -> None:
    with pytest.raises(UsageError, match="takes each channel as a speaker"):
        told(groq, *TURNS, speakers="auto", channels="split")


def test_two_at_once_are_flagged_with_their_names(groq: Groq, tmp_path: Path) -> None:
    first, second = (part / part.std() for part in (reader("jfk"), reader("narrator")))
    mixed = np.zeros(22 * RATE_HZ, np.float32)
    mixed[: 10 * RATE_HZ] += first[: 10 * RATE_HZ]
    mixed[6 * RATE_HZ :] += second[: 16 * RATE_HZ]
    sounds: dict[str, Any] = {"source": (0.05 * mixed, RATE_HZ), "backend": groq}
    heard = audiopipe.transcribe(**sounds, speakers=2)
    crowds = [flag for flag in heard.flags if flag.kind == "overlapping-speech"]
    assert crowds
    for flag in crowds:
        assert 5.5 <= flag.span.start_s < flag.span.end_s <= 10.7
        assert flag.detail.startswith("Speaker 1 and Speaker 2 seem to speak at once")
    path = audiopipe.save(heard, tmp_path / "a.json")
    assert audiopipe.load(path).flags == heard.flags
    assert "overlapping-speech" in render(heard, "md")
    cut = audiopipe.transcribe(**sounds, speakers=2, chunk_length_s=8.0, overlap_s=2.0)
    assert any(flag.kind == "overlapping-speech" for flag in cut.flags)
    plain = audiopipe.transcribe(**sounds)
    assert not any(flag.kind == "overlapping-speech" for flag in plain.flags)
