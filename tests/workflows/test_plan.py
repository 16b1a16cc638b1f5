from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import audio, speechlike
from support.fixtures import RECORDINGS
from support.server import KEY, Server

import audiopipe
from audiopipe.backends.catalog import limits_of
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.transcribe import Groq
from audiopipe.errors import UsageError
from audiopipe.limits.rules import MARGIN, Limits
from audiopipe.session import plan
from audiopipe.workflows.plan import Plan

FILES = sorted(path for path in RECORDINGS.rglob("*") if path.is_file())
SHORT: dict[str, Any] = {"chunk_length_s": 15.0, "overlap_s": 2.0}
ENDLESS = ("rpm=none", "rpd=none", "ash=none", "asd=none")

Source = tuple[NDArray[np.float32], int]


def spoken(seconds: float, rate_hz: int = 16_000, channels: int = 1) -> Source:
    """Speech of the length that was asked for, to the sample."""
    samples = speechlike.make_recording(int(seconds * 2) + 1, rate_hz)[: round(seconds * rate_hz)]
    return np.repeat(samples[:, np.newaxis], channels, axis=1), rate_hz


def silence(seconds: float) -> Source:
    """Nothing to hear, and nothing held: a plan looks at the length alone."""
    return np.broadcast_to(np.float32(0), (round(seconds * 100), 1)), 100


def run(server: Server, sources: list[Any], **changes: Any) -> list[audiopipe.Outcome]:
    retry = Retry(attempts=20, base_s=0.001)
    with Groq(api_key=KEY, base_url=server.url, retry=retry, limits=Limits()) as groq:
        return list(audiopipe.transcribe_many(sources, backend=groq, cache=False, **changes))


def check(told: Plan, server: Server, outcomes: list[audiopipe.Outcome]) -> None:
    assert [outcome.error for outcome in outcomes] == [None] * told.files
    sent_s = [seen.audio_s for seen in server.accepted]
    assert len(sent_s) == told.load.requests
    assert sum(sent_s) == pytest.approx(told.load.audio_s, abs=0.01)


def test_a_run_over_files_sends_what_the_plan_told_by_their_headers(server: Server) -> None:
    told = plan(FILES, limits=ENDLESS, **SHORT)
    assert (told.files, told.decoded) == (len(FILES), 0)
    check(told, server, run(server, list(FILES), **SHORT))


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.floats(0.1, 70), st.sampled_from([8000, 16_000, 44_100]), st.integers(1, 2)),
        min_size=1,
        max_size=4,
    ),
    st.floats(5, 30),
    st.floats(0, 0.45),
    st.sampled_from(["mix", "split"]),
)
def test_a_run_sends_what_the_plan_told_however_it_is_cut(
    shapes: list[tuple[float, int, int]], length_s: float, share: float, channels: str
) -> None:
    sources = [spoken(*shape) for shape in shapes]
    how: dict[str, Any] = {
        "chunk_length_s": length_s,
        "overlap_s": share * length_s,
        "channels": channels,
    }
    told = plan(sources, **how)
    with Server() as server:
        check(told, server, run(server, list(sources), **how))


def test_with_a_fifth_of_the_answers_spoilt_the_accepted_audio_is_what_the_plan_told() -> None:
    sources = [spoken(seconds) for seconds in (3, 40, 75)]
    told = plan(sources, **SHORT)
    with Server(fault_rate=0.2, seed=3) as server:
        outcomes = run(server, list(sources), **SHORT)
        assert len(server.seen) > told.load.requests
        check(told, server, outcomes)


def test_a_file_whose_header_does_not_tell_is_decoded(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "radio.aac"
    path.write_bytes(audio.container_file([audio.tone(20, 44_100)], 44_100, "adts", "aac"))
    told = plan([path], **SHORT)
    assert (told.files, told.decoded) == (1, 1)
    check(told, server, run(server, [path], **SHORT))


def test_the_run_is_billed_what_the_plan_told(server: Server) -> None:
    sources = [spoken(seconds) for seconds in (0.5, 4, 100)]
    how: dict[str, Any] = {"chunk_length_s": 40.0, "overlap_s": 2.0}
    told = plan(sources, **how)
    spent = [outcome.spent for outcome in run(server, list(sources), **how)]
    assert sum(each.billed_s for each in spent) == pytest.approx(told.load.billed_s)
    assert sum(each.cost_usd or 0 for each in spent) == pytest.approx(told.cost_usd)
    assert told.load.billed_s == pytest.approx(10 + 10 + 100 + told.load.overlap_s)


def test_inputs_that_cannot_be_used_are_a_line_each_and_not_counted(tmp_path: Path) -> None:
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "text.mp3").write_text("This is no recording. " * 100)
    sources = [tmp_path / name for name in ("empty.mp3", "text.mp3", "none.mp3")]
    told = plan([*sources, spoken(5), silence(700), silence(0)], max_duration_s=600)
    assert (told.files, told.recorded_s) == (1, 5)
    for line, name in zip(told.unusable, ("empty", "text", "none", "600 s", "less"), strict=True):
        assert name in line and "\n" not in line


def test_an_address_is_told_apart_and_not_fetched(server: Server) -> None:
    told = plan([server.url_of("a.mp3"), spoken(5)])
    assert (told.unknown, told.files, server.seen) == ((server.url_of("a.mp3"),), 1, [])


def test_a_plan_writes_nothing_and_needs_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    assert plan([spoken(5)]).backend == "groq"
    assert list(Path(os.environ["AUDIOPIPE_CACHE_DIR"]).iterdir()) == []


@given(
    st.lists(st.floats(0.1, 20_000), min_size=1, max_size=30),
    st.sampled_from(["rpm", "rpd", "ash", "asd"]),
    st.floats(100, 10_000),
)
def test_under_one_limit_the_end_comes_when_its_refill_has_given_the_rest(
    lengths_s: list[float], name: str, units: float
) -> None:
    others = [each for each in ENDLESS if not each.startswith(name)]
    told = plan(map(silence, lengths_s), limits=(*others, f"{name}={units}"))
    (share,) = told.shares
    (allowance,) = Limits(**{name: units}).allowances()
    rest = share.needed - units * (1 - MARGIN)
    assert share.share == pytest.approx(share.needed / units)
    assert told.load.finish_s == pytest.approx(max(0.0, rest / allowance.per_s), abs=1e-3)
    assert bool(told.load.cause) == (told.load.finish_s > 0)


@given(
    st.lists(st.floats(1, 20_000), min_size=1, max_size=30),
    st.floats(30, 1500),
    st.integers(5, 100),
    st.integers(600, 10_000),
)
def test_no_limit_lets_a_batch_end_earlier_and_the_advised_length_never_ends_later(
    lengths_s: list[float], length_s: float, rpm: int, ash: int
) -> None:
    told = plan(
        map(silence, lengths_s), chunk_length_s=length_s, limits=(f"rpm={rpm}", f"ash={ash}")
    )
    known = limits_of(told.model, "free").changed((f"rpm={rpm}", f"ash={ash}"))
    for share, allowance in zip(told.shares, known.allowances(), strict=True):
        assert told.load.finish_s >= (share.needed - share.units) / allowance.per_s - 1e-6
    assert told.soonest.finish_s <= told.load.finish_s


def test_requests_a_minute_push_to_longer_chunks_and_a_fitting_length_is_kept() -> None:
    day = [silence(86_400)]
    told = plan(day, chunk_length_s=60, overlap_s=2, limits=("rpm=1", "ash=none", "asd=none"))
    assert told.soonest.chunk_length_s > 1000
    assert told.soonest.finish_s < told.load.finish_s / 2
    kept = plan(day, chunk_length_s=60, overlap_s=2, limits=ENDLESS)
    assert kept.soonest == kept.load and kept.load.finish_s == 0


def test_chunks_are_no_longer_than_the_allowance_or_the_upload_takes() -> None:
    hour = [silence(3600)]
    allowed = plan(hour, limits=("ash=300",)).load
    assert allowed.chunk_length_s == pytest.approx(297)
    assert plan(hour, chunk_length_s=600).is_bound
    told = plan(hour, chunk_length_s=3600, upload_format="wav")
    assert told.load.chunk_length_s < 800 and told.load.requests >= 5 and not told.is_bound


@pytest.mark.parametrize(
    ("asked", "model"),
    [
        ({"task": "translate"}, "whisper-large-v3"),
        ({"language": "English"}, "whisper-large-v3-turbo"),
        ({"language": "de"}, "whisper-large-v3-turbo"),
    ],
)
def test_the_models_that_can_do_it_are_priced_and_one_is_advised(
    asked: dict[str, Any], model: str
) -> None:
    told = plan([silence(3600)], **asked)
    assert told.advice and told.advice.model == model
    prices = {each.model: each.cost_usd for each in told.prices}
    assert ("whisper-large-v3-turbo" in prices) == ("task" not in asked)
    assert prices[told.model] == told.cost_usd
    assert prices["whisper-large-v3"] == pytest.approx(0.111 * told.load.billed_s / 3600)


def test_another_server_has_no_price_and_only_the_limits_that_are_named() -> None:
    told = plan([silence(3600)], base_url="http://localhost:1", limits=("ash=1000",))
    assert (told.backend, told.cost_usd, told.prices, told.advice) == ("openai", None, (), None)
    assert [share.name for share in told.shares] == ["ash"]
    assert told.load.billed_s == told.load.audio_s


@pytest.mark.parametrize(
    "wrong",
    [
        {"backend": "local"},
        {"task": "translate", "model": "turbo"},
        {"language": "Klingonese"},
        {"limits": ("rpm=fast",)},
        {"limits": ("ash=10",), "overlap_s": 8.0},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan([silence(60)], **wrong)


def test_ten_times_the_files_take_hardly_more_memory(tmp_path: Path) -> None:
    """Of what is held when the last ones come, the least: whether one more is just being read, with
    a buffer of a megabyte, is a matter of chance."""
    path = tmp_path / "note.wav"
    sf.write(path, np.zeros(800), 8000)

    def in_use() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    def held_bytes(files: int) -> int:
        held: list[int] = []

        def many() -> Iterator[Path]:
            yield from repeat(path, files - 10)
            for _ in range(10):
                yield path
                held.append(in_use())

        tracemalloc.start()
        try:
            planned = plan(many())
            rest = in_use()
        finally:
            tracemalloc.stop()
        assert planned.files == files
        return max(min(held), rest)

    plan([path])  # what is imported and made once
    assert held_bytes(1500) < held_bytes(150) + 1350 * 200
