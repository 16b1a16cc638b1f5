from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import soxr
from support.ears import recognised
from support.fixtures import RECORDINGS

import audiopipe
from audiopipe.backends.local.transcribe import Local
from audiopipe.backends.local.weights import BUNDLED, bundled
from audiopipe.backends.local.whisper import Asked, Whisper
from audiopipe.errors import ModelUnavailable, UsageError
from audiopipe.values.audio import Chunk, RemoteAudio, Span, Window
from audiopipe.values.requests import Request
from audiopipe.values.transcript import ChunkTranscript


def chunk_of(name: str, start_s: float = 0.0, most_s: float = 60.0) -> Chunk:
    """The first seconds of a recording, as if they began at a time of their file."""
    samples, rate_hz = sf.read(RECORDINGS / name, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, 16_000)[: round(most_s * 16_000)]
    span = Span(start_s, start_s + len(mono) / 16_000)
    data = (mono * 32767).astype("<i2").tobytes()
    return Chunk(Window(0, (span,), span), data, "pcm", "00")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Local:
    return Local(models_dir=tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def english(engine: Local) -> ChunkTranscript:
    """What tiny.en hears of an English recording."""
    return recognised(engine, chunk_of("jfk.flac"), ask(engine, model="tiny.en"))


@pytest.fixture
def weights(engine: Local, english: ChunkTranscript) -> Path:
    """The folder of tiny.en, which was made when it was first used."""
    (made,) = engine.models_dir.glob("tiny.en-*")
    return made


def ask(engine: Local, **asked: object) -> Request:
    return engine.accept(Request(**{"task": "transcribe", "model": "", **asked}))  # type: ignore[arg-type]


def test_speech_is_heard_with_word_times_in_file_time(engine: Local) -> None:
    heard = recognised(engine, chunk_of("jfk.flac", start_s=100.0), ask(engine, model="tiny.en"))
    text = "".join(segment.text for segment in heard.segments)
    assert "ask not what your country can do for you" in text.lower()
    words = [word for segment in heard.segments for word in segment.words]
    assert words[0].span.start_s >= 100 and words[-1].span.end_s <= 111.1
    assert all(word.probability is not None for word in words)
    assert heard.segments[0].avg_logprob is not None
    assert heard.language == "en"


def test_the_default_model_translates_german(engine: Local) -> None:
    english = recognised(engine, chunk_of("lesung.opus"), ask(engine, task="translate"))
    words = "".join(segment.text for segment in english.segments).lower().split()
    assert len({"the", "a", "and", "of", "is", "to", "in"} & set(words)) >= 3


def test_the_language_is_that_of_the_speech_when_a_chunk_begins_with_silence(
    engine: Local,
) -> None:
    speech = chunk_of("lesung.opus")
    span = Span(0, 31 + speech.window.audio_s)
    late = Chunk(Window(0, (span,), span), bytes(2 * 16_000 * 31) + speech.data, "pcm", "00")
    assert recognised(engine, late, ask(engine)).language == "de"


def test_many_threads_hear_what_one_hears(engine: Local, english: ChunkTranscript) -> None:
    request = ask(engine, model="tiny.en")
    with ThreadPoolExecutor(4) as pool:
        chunks = [chunk_of("jfk.flac")] * 4
        assert list(pool.map(lambda c: recognised(engine, c, request), chunks)) == [english] * 4


def test_a_prompt_holds_in_every_window(engine: Local) -> None:
    """Without it Whisper base hears McVee at 20 s and, in another window, mad at 42 s."""
    heard = recognised(engine, chunk_of("reading.mp3"), ask(engine, prompt="Mab, McFee"))
    text = "".join(segment.text for segment in heard.segments)
    assert "McFee" in text and "pass Mab" in text


def test_of_a_prompt_that_is_too_long_the_end_counts(engine: Local) -> None:
    prompt = "the word " * 400 + "Mab, McFee"
    heard = recognised(engine, chunk_of("reading.mp3", most_s=26.0), ask(engine, prompt=prompt))
    assert "McFee" in "".join(segment.text for segment in heard.segments)


def test_a_long_prompt_leaves_room_for_the_answer(engine: Local) -> None:
    model = Whisper(str(bundled("base", engine.models_dir)), compute_type="int8")
    asked = Asked("en", "transcribe", "".join(f" name{n}" for n in range(300)))
    prompt = model.prompt(asked)
    assert model.text(asked, prompt[1:-4]).endswith("name298 name299")
    assert len(prompt) == 1 + 111 + 4


def test_a_prompt_that_invites_a_loop_gets_none(engine: Local) -> None:
    spoken = "ask not what your country can do for you"
    heard = recognised(engine, chunk_of("jfk.flac"), ask(engine, prompt=f"{spoken}, " * 8))
    assert "".join(segment.text for segment in heard.segments).count(spoken) == 1


def test_windows_of_other_languages_are_heard_in_them(engine: Local) -> None:
    english, german = chunk_of("jfk.flac"), chunk_of("lesung.opus")
    span = Span(0, english.window.audio_s + german.window.audio_s)
    both = Chunk(Window(0, (span,), span), english.data + german.data, "pcm", "00")
    heard = recognised(engine, both, ask(engine))
    assert {segment.language for segment in heard.segments} == {"en", "de"}
    for segment in heard.segments:
        assert (segment.language == "en") == (segment.span.middle_s < english.window.audio_s)


@pytest.mark.parametrize(
    ("name", "language"), [("jfk.flac", "en"), ("lesung.opus", "de"), ("two_cities.flac", "en")]
)
def test_the_language_of_four_seconds_is_told_or_flagged(
    engine: Local, name: str, language: str
) -> None:
    heard = recognised(engine, chunk_of(name, most_s=4), ask(engine))
    doubts = [flag.kind for flag in heard.anomalies]
    assert heard.language == language or "language-unsure" in doubts


def test_of_languages_that_are_named_one_is_heard(engine: Local) -> None:
    german = chunk_of("lesung.opus", most_s=6)
    assert recognised(engine, german, ask(engine, language="de,nl")).language == "de"
    assert recognised(engine, german, ask(engine, language="en,nl")).language in ("en", "nl")


def test_nothing_is_heard_in_silence_and_hiss(engine: Local) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.02, 16_000 * 40)
    span = Span(0, 40)
    data = (hiss * 32767).astype("<i2").tobytes()
    heard = recognised(engine, Chunk(Window(0, (span,), span), data, "pcm", "00"), ask(engine))
    assert (heard.segments, heard.language) == ((), None)


def test_what_is_drawn_by_lot_is_the_same_each_time(engine: Local) -> None:
    request = ask(engine, temperature=0.8, model="tiny.en")
    chunk = chunk_of("two_cities.flac", most_s=20.0)
    first = recognised(engine, chunk, request)
    recognised(engine, chunk_of("jfk.flac"), request)
    assert recognised(engine, chunk, request) == first


def test_a_folder_of_weights_is_a_model(engine: Local, weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "mine")
    heard = recognised(engine, chunk_of("jfk.flac"), ask(engine, model=str(tmp_path / "mine")))
    assert "country" in "".join(segment.text for segment in heard.segments)


def test_joined_weights_are_kept_for_the_next_time(weights: Path) -> None:
    assert BUNDLED["tiny.en"].sha256.startswith(weights.name.removeprefix("tiny.en-"))
    assert (weights / "model.bin").stat().st_size > 70_000_000


def test_a_model_that_nobody_has_is_named_with_those_that_are_there(engine: Local) -> None:
    with pytest.raises(ModelUnavailable, match=r"no-such-model.*base, tiny\.en"):
        recognised(engine, chunk_of("jfk.flac"), ask(engine, model="no-such-model"))


def test_an_english_model_cannot_translate(engine: Local) -> None:
    with pytest.raises(UsageError, match="-m base"):
        ask(engine, task="translate", model="tiny.en")


def test_languages_that_the_model_does_not_know_are_refused_before_any_work(
    engine: Local, weights: Path, tmp_path: Path
) -> None:
    """Cantonese has a token in large-v3 alone."""
    for model in ("base", "tiny.en", str(weights)):
        with pytest.raises(UsageError, match="does not know cantonese: leave --language out"):
            ask(engine, model=model, language="yue")
    with pytest.raises(UsageError, match="no language 'klingon'"):
        ask(engine, language="de,klingon")
    assert ask(engine, language="yue,de").language == "de,yue"
    (tmp_path / "tokenizer.json").write_text('{"content": "<|yue|>"}', "utf-8")
    assert ask(engine, model=str(tmp_path), language="cantonese").language == "yue"


def test_an_address_cannot_be_handed_to_this_machine(engine: Local) -> None:
    with pytest.raises(UsageError, match="--by-url"):
        recognised(engine, RemoteAudio("https://example.org/a.mp3"), ask(engine))


def test_the_guess_is_among_the_languages_that_are_named(engine: Local) -> None:
    heard = recognised(engine, chunk_of("lesung.opus"), ask(engine, language="dutch, en"))
    assert ask(engine, language="dutch, en").language == "en,nl"
    assert {segment.language for segment in heard.segments} <= {"en", "nl"}


@pytest.mark.parametrize(
    ("model", "language", "most_s"), [("tiny.en", None, 10.0), ("base", "en", 20.0)]
)
def test_german_that_is_written_as_english_is_flagged(
    engine: Local, model: str, language: str | None, most_s: float
) -> None:
    request = ask(engine, model=model, language=language)
    german = recognised(engine, chunk_of("lesung.opus", most_s=most_s), request)
    flag = german.anomalies[0]
    assert flag.kind == "language-switch" and flag.detail.startswith("German")
    assert flag.span.overlap_s(german.segments[0].span) > 0
    assert recognised(engine, chunk_of("jfk.flac"), request).anomalies == ()


def test_a_folder_that_is_not_there_is_told_as_that(engine: Local, tmp_path: Path) -> None:
    for name in ("./nothing", str(tmp_path / "nothing")):
        with pytest.raises(ModelUnavailable, match=f"{name}: there is no such folder"):
            recognised(engine, chunk_of("jfk.flac"), ask(engine, model=name))


def test_in_chunks_it_hears_what_it_hears_in_the_whole(engine: Local) -> None:
    whole, parts = (
        audiopipe.transcribe(
            RECORDINGS / "reading.mp3",
            backend=engine,
            model="tiny.en",
            repair=False,
            cache=False,
            chunk_length_s=length_s,
        )
        for length_s in (600, 40)
    )
    assert parts.text == whole.text and len(whole.text.split()) > 100
    assert [word.span for word in parts.words] == [word.span for word in whole.words]
