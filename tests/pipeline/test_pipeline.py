from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from pydub import AudioSegment
from support import speechlike
from support.answers import error
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.concurrency import Stop
from audiopipe.errors import (
    AuthError,
    BackendError,
    EmptyAudio,
    LimitReached,
    RateLimited,
    ServerDown,
    Stopped,
    TooLongAudio,
    UsageError,
)
from audiopipe.limits.rules import Limits
from audiopipe.values.audio import Span
from audiopipe.values.events import Event, Heard, Lost, Waiting
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import Transcript

WORDS = 240
SHORT: dict[str, Any] = {"chunk_length_s": 20.0, "overlap_s": 4.0}


@pytest.fixture
def groq(server: Server) -> Iterator[Groq]:
    retry = Retry(base_s=0.01)
    with Groq(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend:
        yield backend


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("speech") / "two minutes.flac"
    sf.write(path, speechlike.make_recording(WORDS), 16_000)
    return path


def said(first: int, last: int) -> str:
    return speechlike.text(range(first, last))


def test_a_recording_that_is_cut_and_sent_in_pieces_comes_back_whole(
    server: Server, groq: Groq, recording: Path
) -> None:
    transcript = audiopipe.transcribe(recording, backend=groq, **SHORT)
    assert transcript.text == said(0, WORDS)
    assert len(server.seen) == transcript.usage.requests > 5
    assert transcript.source.duration_s == 120
    assert (transcript.language, transcript.backend) == ("en", "groq")
    starts = [word.span.start_s for word in transcript.words]
    assert np.allclose(starts, np.arange(WORDS) * 0.5 + 0.1, atol=0.02)


def test_one_worker_and_sixteen_give_the_same_transcript(groq: Groq, recording: Path) -> None:
    one, many = (
        audiopipe.transcribe(recording, backend=groq, workers=workers, cache=False, **SHORT)
        for workers in (1, 16)
    )
    assert one == many


def test_a_recording_that_fits_goes_as_one(server: Server, groq: Groq, recording: Path) -> None:
    audiopipe.transcribe(recording, backend=groq)
    assert len(server.seen) == 1


def test_every_kind_of_source_gives_the_same_text(groq: Groq, recording: Path) -> None:
    samples, rate_hz = sf.read(recording, dtype="int16")
    pcm = AudioSegment(samples.tobytes(), sample_width=2, frame_rate=rate_hz, channels=1)
    sources = [
        recording,
        str(recording),
        recording.read_bytes(),
        io.BytesIO(recording.read_bytes()),
        (samples, rate_hz),
        (samples.astype(np.float32) / 32768, rate_hz),
        pcm,
    ]
    outcomes = list(audiopipe.transcribe_many(sources, backend=groq))
    assert [outcome.error for outcome in outcomes] == [None] * len(sources)
    texts = {outcome.transcript.text for outcome in outcomes if outcome.transcript}
    assert texts == {said(0, WORDS)}


def test_faults_on_the_way_are_met_by_sending_again(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.faults += ["bad-gateway", None, "cut-body", "truncated", None, "internal", "wrong-shape"]
    assert audiopipe.transcribe(recording, backend=groq, **SHORT).text == said(0, WORDS)


def test_a_chunk_that_is_refused_leaves_a_marked_gap_and_the_rest(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.faults += [None, None, error(400, "could not process file")]
    transcript = audiopipe.transcribe(recording, backend=groq, workers=1, **SHORT)
    (failure,) = transcript.failures
    assert "chunk 3" in failure.reason
    spoken = [n for n in range(WORDS) if not Span(n / 2, n / 2 + 0.5).overlap_s(failure.span)]
    kept = transcript.text.split()
    assert len(spoken) - 2 <= len(kept) <= len(spoken) + 2
    assert kept[0] == speechlike.word(0) and kept[-1] == speechlike.word(WORDS - 1)


@pytest.mark.parametrize("refusal", ["too-long", "too-large"])
def test_a_chunk_that_is_too_much_for_one_request_is_cut_smaller(
    server: Server, groq: Groq, recording: Path, refusal: str
) -> None:
    server.faults += [None, refusal, refusal]
    transcript = audiopipe.transcribe(recording, backend=groq, workers=1, **SHORT)
    assert transcript.text == said(0, WORDS)
    assert not transcript.failures


def test_what_was_answered_is_never_asked_for_again(
    server: Server, groq: Groq, recording: Path, tmp_path: Path
) -> None:
    first = audiopipe.transcribe(recording, backend=groq, **SHORT)
    moved = shutil.copy(recording, tmp_path / "renamed.flac")
    sent = len(server.seen)
    (outcome,) = audiopipe.transcribe_many([moved], backend=groq, **SHORT)
    assert len(server.seen) == sent
    assert outcome.spent == Usage() and outcome.cached_chunks == sent
    assert outcome.transcript
    assert (outcome.transcript.segments, outcome.transcript.usage) == (first.segments, first.usage)
    audiopipe.transcribe(recording, backend=groq, prompt="another question", **SHORT)
    assert len(server.seen) == 2 * sent


def test_a_run_that_failed_half_way_asks_only_for_what_it_lacks(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.faults += [None, None, None, "spend"]
    with pytest.raises(AuthError):
        audiopipe.transcribe(recording, backend=groq, workers=1, **SHORT)
    asked = [seen.audio for seen in server.seen]
    assert audiopipe.transcribe(recording, backend=groq, **SHORT).text == said(0, WORDS)
    again = [seen.audio for seen in server.seen[len(asked) :]]
    assert not set(asked[:3]) & set(again)


def test_a_bound_on_requests_or_cost_stops_the_run_before_it_is_passed_and_can_be_raised(
    server: Server, groq: Groq, recording: Path
) -> None:
    with pytest.raises(LimitReached, match="--max-requests 3"):
        audiopipe.transcribe(recording, backend=groq, max_requests=3, **SHORT)
    assert len(server.seen) == 3
    with pytest.raises(LimitReached, match=r"--max-cost 0\.0005"):
        audiopipe.transcribe(recording, backend=groq, max_cost_usd=0.0005, **SHORT)
    costs = [seen.audio_s * 0.04 / 3600 for seen in server.seen[3:]]
    assert len(costs) > 1 and sum(costs) <= 0.0005 < sum(costs) + 20 * 0.04 / 3600
    assert audiopipe.transcribe(recording, backend=groq, **SHORT).text == said(0, WORDS)


def test_what_happens_is_told(server: Server, groq: Groq, recording: Path) -> None:
    server.faults += ["internal", error(400, "could not process file")]
    told: list[Event] = []
    list(
        audiopipe.transcribe_many(
            [recording], backend=groq, listener=told.append, workers=1, **SHORT
        )
    )
    kinds = [type(event) for event in told]
    assert kinds[:2] == [Waiting, Lost]
    heard = [event for event in told if isinstance(event, Heard)]
    assert len(heard) == len(server.seen) - 2
    assert {event.source for event in heard} == {str(recording)}
    assert heard[-1].span.end_s == 120
    assert not any(event.cached for event in heard)


def test_a_stop_lets_what_is_under_way_end_and_keeps_it(
    server: Server, groq: Groq, recording: Path
) -> None:
    stop = Stop()

    def listener(event: Event) -> None:
        stop.set()

    with pytest.raises(Stopped):
        list(
            audiopipe.transcribe_many(
                [recording] * 9, backend=groq, listener=listener, stop=stop, workers=2, **SHORT
            )
        )
    sent = len(server.seen)
    assert 1 <= sent <= 4
    assert audiopipe.transcribe(recording, backend=groq, **SHORT).text == said(0, WORDS)
    uploads = [seen.audio for seen in server.seen]
    assert len(uploads) == len(set(uploads))


def test_a_stop_ends_a_long_wait_at_once(server: Server, groq: Groq, recording: Path) -> None:
    server.faults += ["limited"]
    stop = Stop()

    def listener(event: Event) -> None:
        assert isinstance(event, Waiting)
        assert event.wait_s > 99
        stop.set()

    with pytest.raises(Stopped):
        list(audiopipe.transcribe_many([recording], backend=groq, listener=listener, stop=stop))


def test_a_server_that_is_not_there_stops_the_batch_at_the_first_request(recording: Path) -> None:
    nobody = Groq(api_key=KEY, base_url="http://127.0.0.1:1", retry=Retry(attempts=2, base_s=0.01))
    with nobody, pytest.raises(ServerDown, match="the same command goes on"):
        next(audiopipe.transcribe_many([recording] * 50, backend=nobody))


def test_a_recording_of_which_nothing_was_recognised_is_an_error(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.faults += [error(400, "could not process file")]
    with pytest.raises(BackendError, match="two minutes"):
        audiopipe.transcribe(recording, backend=groq)


def test_in_a_batch_a_bad_file_is_an_outcome_and_the_others_go_on(
    groq: Groq, recording: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp3").touch()
    sources = [recording, tmp_path / "empty.mp3", tmp_path / "none.mp3", recording]
    first, empty, none, last = audiopipe.transcribe_many(sources, backend=groq, **SHORT)
    assert first.transcript == last.transcript is not None
    assert isinstance(empty.error, EmptyAudio)
    assert "none.mp3" in str(none.error)


def test_a_refused_key_stops_the_whole_run_and_is_not_shown(
    server: Server, recording: Path
) -> None:
    with Groq(api_key="gsk_secret_wrong", base_url=server.url) as backend:
        outcomes = audiopipe.transcribe_many([recording] * 50, backend=backend, workers=2)
        with pytest.raises(AuthError) as caught:
            next(outcomes)
    assert "gsk_secret_wrong" not in str(caught.value)
    assert len(server.seen) <= 4


def test_a_limit_that_asks_for_too_long_a_wait_stops_the_run_as_resumable(
    server: Server, recording: Path
) -> None:
    server.faults += ["limited"]
    backend = Groq(api_key=KEY, base_url=server.url, retry=Retry(max_wait_s=1))
    with backend, pytest.raises(RateLimited) as caught:
        audiopipe.transcribe(recording, backend=backend)
    assert caught.value.exit_code == 4
    assert caught.value.wait_s == pytest.approx(99.738, abs=0.01)


def test_an_address_is_downloaded_or_handed_over(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.files["a.flac"] = recording.read_bytes()
    here = audiopipe.transcribe(server.url_of("a.flac", "moved"), backend=groq, **SHORT)
    there = audiopipe.transcribe(server.url_of("a.flac"), backend=groq, by_url=True)
    assert here.text == there.text == said(0, WORDS)
    assert there.duration_s == 120
    outcome = next(audiopipe.transcribe_many([server.url_of("none.flac")], backend=groq))
    assert "404" in str(outcome.error)


def test_what_an_address_may_hide_stands_in_no_transcript_and_no_message(
    server: Server, groq: Groq, recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "audiopipe")
    server.files["a.flac"] = recording.read_bytes()
    told: list[Event] = []
    for name, by_url in (("a.flac", False), ("a.flac", True), ("none.flac", False)):
        signed = server.url_of(name) + "?signature=s3cret"
        (outcome,) = audiopipe.transcribe_many(
            [signed], backend=groq, by_url=by_url, listener=told.append
        )
        shown = f"{outcome.transcript} {outcome.error}"
        assert name in shown and "s3cret" not in shown
    assert told and not any("s3cret" in f"{event}" for event in told)
    assert "s3cret" not in caplog.text


def test_a_saved_transcript_loads_back_exactly(groq: Groq, recording: Path, tmp_path: Path) -> None:
    transcript = audiopipe.translate(recording, backend=groq, **SHORT)
    assert (transcript.task, transcript.language) == ("translate", "en")
    assert audiopipe.load(transcript.save(tmp_path / "a.json")) == transcript
    assert isinstance(transcript, Transcript)


def test_a_batch_that_is_left_early_stops_its_threads(groq: Groq, recording: Path) -> None:
    outcomes = audiopipe.transcribe_many([recording] * 20, backend=groq, **SHORT)
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert not [t.name for t in threading.enumerate() if t.name.startswith("audiopipe")]


def test_a_misspelt_setting_is_named_before_anything_is_sent(server: Server, groq: Groq) -> None:
    with pytest.raises(UsageError, match="did you mean language"):
        audiopipe.transcribe("a.mp3", backend=groq, langauge="de")
    assert not server.seen


def test_channels_that_are_split_are_transcribed_apart_and_named(groq: Groq) -> None:
    left, right = speechlike.make_recording(100), speechlike.make_recording(100, first=500)
    calls = (np.stack([left, right], axis=1), 16_000)
    split = audiopipe.transcribe(calls, backend=groq, channels="split", **SHORT)
    for speaker, first in (("left", 0), ("right", 500)):
        heard = [segment.text for segment in split.segments if segment.speaker == speaker]
        assert "".join(heard).strip() == said(first, first + 100)
    alone = audiopipe.transcribe(calls, backend=groq, channels="right", **SHORT)
    assert alone.text == said(500, 600)


def test_silence_that_is_skipped_is_not_sent_and_moves_no_word(groq: Groq) -> None:
    quiet = np.zeros(16_000 * 40, np.float32)
    speech = speechlike.make_recording(40)
    source = (np.concatenate([speech, quiet, speechlike.make_recording(40, first=40)]), 16_000)
    whole = audiopipe.transcribe(source, backend=groq, **SHORT)
    skipped = audiopipe.transcribe(source, backend=groq, skip_silence_s=2.0, **SHORT)
    assert whole.text == skipped.text == said(0, 80)
    assert skipped.usage.audio_s < whole.usage.audio_s - 30
    for a, b in zip(whole.words, skipped.words, strict=True):
        assert abs(a.span.start_s - b.span.start_s) < 0.02


def test_prepared_chunks_tile_the_recording(recording: Path) -> None:
    chunks = list(audiopipe.prepare(recording, **SHORT))
    cores = [chunk.window.core for chunk in chunks]
    assert cores[0].start_s == 0 and cores[-1].end_s == 120
    assert [core.start_s for core in cores[1:]] == [core.end_s for core in cores[:-1]]
    samples, rate_hz = sf.read(io.BytesIO(chunks[2].data))
    assert len(samples) / rate_hz == pytest.approx(chunks[2].window.audio_s)
    with pytest.raises(UsageError, match="split"):
        list(audiopipe.prepare(recording, channels="split"))


def test_an_address_that_the_provider_cannot_fetch_is_an_outcome_like_any_other(
    server: Server, groq: Groq, recording: Path
) -> None:
    server.files["a.flac"] = recording.read_bytes()
    urls = [server.url_of("none.flac"), server.url_of("a.flac")]
    none, there = audiopipe.transcribe_many(urls, backend=groq, by_url=True)
    assert "404" in str(none.error)
    assert there.transcript and there.transcript.text == said(0, WORDS)


def test_leaving_early_ends_the_decoder_before_its_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "noise.mp3"
    noise = np.random.default_rng(0).normal(0, 0.1, (44_100 * 60, 2))
    sf.write(path, noise, 44_100, format="MP3")
    for n in range(0, 40, 2):
        chunks = audiopipe.prepare(path, chunk_length_s=5.0, overlap_s=1.0)
        for _ in range(n % 3):
            next(chunks)
        chunks.close()  # type: ignore[attr-defined]
        with pytest.raises(TooLongAudio):
            list(audiopipe.prepare(path, chunk_length_s=5.0, overlap_s=1.0, max_duration_s=n + 1))
