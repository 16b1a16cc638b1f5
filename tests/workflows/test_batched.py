"""The batch API, against a scripted provider."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import groq
import pytest
from groq.types import BatchRetrieveResponse
from support.batching import Provider, Script

from audiopipe.backends.wire.batches import answers_of, job_of
from audiopipe.concurrency import Stop
from audiopipe.errors import BadReply, LimitReached, Stopped, UsageError
from audiopipe.session import Session
from audiopipe.values.transcript import Transcript

A, B, C = (f"https://example.com/{name}.mp3?key=1" for name in "abc")
TEXTS = {A: "Alpha.", B: "Beta.", C: "Gamma."}


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Provider]:
    monkeypatch.setenv("AUDIOPIPE_CACHE_DIR", str(tmp_path / "cache"))
    with Provider() as provider:
        for name, value in provider.as_groq.items():
            monkeypatch.setenv(name, value)
        provider.script = Script(looks=0, texts=TEXTS)
        yield provider


def heard(*urls: object, stop: Stop | None = None, **changes: object) -> list[Transcript | str]:
    """What became of addresses: the transcript, or the error."""
    with Session(stop=stop, batch=True, **changes) as session:  # type: ignore[arg-type]
        return [o.transcript or str(o.error) for o in session.transcribe_many(urls)]


def texts(*urls: object, **changes: object) -> list[str]:
    found = heard(*urls, **changes)  # type: ignore[arg-type]
    return [each.text if isinstance(each, Transcript) else each for each in found]


def records(tmp_path: Path) -> list[Path]:
    return [*(tmp_path / "cache" / "batches").glob("*.json")]


def test_all_are_handed_over_together_and_answered_in_their_order(
    provider: Provider, tmp_path: Path
) -> None:
    provider.script = Script(looks=1, texts={A: "Alpha.", B: "Beta."})
    first, second, refused, no_address = texts(A, B, C, "talk.mp3", language="en")
    assert (first, second) == ("Alpha.", "Beta.")
    assert "the batch has no transcript: 400: could not fetch the url" in refused
    assert "key=1" not in refused
    assert no_address == "talk.mp3 has no address, by which --batch has it fetched"
    assert [line["body"]["url"] for line in provider.lines] == [A, B, C]
    assert {line["url"] for line in provider.lines} == {"/v1/audio/transcriptions"}
    body = provider.lines[0]["body"]
    assert (body["language"], body["response_format"]) == ("en", "verbose_json")
    assert body["timestamp_granularities"] == ["word", "segment"] and "file" not in body
    (job,) = provider.jobs.values()
    assert job["completion_window"] == "7d" and records(tmp_path) == []


def test_it_costs_half_and_what_is_kept_is_never_asked_again(provider: Provider) -> None:
    (made,) = heard(A, model="turbo")
    assert isinstance(made, Transcript)
    assert made.usage.cost_usd == pytest.approx(0.04 / 3600 * 10 / 2)
    assert texts(A, B) == ["Alpha.", "Beta."]
    assert [line["body"]["url"] for line in provider.lines] == [A, B]
    assert texts(A, B) == ["Alpha.", "Beta."] and len(provider.jobs) == 2
    assert texts(A, refresh=True) == ["Alpha."] and len(provider.jobs) == 3


def test_a_run_that_is_stopped_leaves_its_job_to_the_next_one(
    provider: Provider, tmp_path: Path
) -> None:
    provider.script.looks = 1000
    stop = Stop()
    Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        heard(A, B, stop=stop)
    (record,) = records(tmp_path)
    provider.script.looks = 0
    # one more address is a job of its own, and the other is collected
    assert texts(B, C) == ["Beta.", "Gamma."]
    assert [len(job["metadata"]) for job in provider.jobs.values()] == [1, 1]
    assert records(tmp_path) == [record]  # it holds what nobody has wanted yet
    assert texts(A) == ["Alpha."] and len(provider.jobs) == 2 and records(tmp_path) == []


@pytest.mark.parametrize("was_begun", [True, False])
def test_a_crash_before_the_job_had_a_name_pays_for_nothing_twice(
    provider: Provider, tmp_path: Path, was_begun: bool
) -> None:
    provider.script.looks = 1000
    stop = Stop()
    Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        heard(A, stop=stop)
    (record,) = records(tmp_path)
    record.write_text(json.dumps({**json.loads(record.read_text()), "id": ""}))
    if not was_begun:
        provider.jobs.clear()
    provider.script.looks = 0
    assert texts(A) == ["Alpha."]
    assert len(provider.jobs) == 1 and len(provider.lines) == 2 - was_begun


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (Script(0, TEXTS, ends="expired"), "batch batch_0 has expired without it"),
        (Script(0, TEXTS, ends="cancelled"), "batch batch_0 has cancelled without it"),
    ],
)
def test_a_job_that_ends_badly_fails_its_recordings_and_is_asked_anew(
    provider: Provider, tmp_path: Path, script: Script, words: str
) -> None:
    provider.script = script
    (told,) = texts(A)
    assert words in told and records(tmp_path) == []
    provider.script = Script(0, TEXTS)
    assert texts(A) == ["Alpha."] and len(provider.jobs) == 2


def test_a_job_that_the_provider_has_forgotten_is_no_endless_wait(
    provider: Provider, tmp_path: Path
) -> None:
    provider.script.looks = 1000
    stop = Stop()
    Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        heard(A, stop=stop)
    provider.jobs.clear()
    (told,) = texts(A)
    assert "no such batch" in told and records(tmp_path) == []


def test_an_endpoint_that_is_refused_gives_way_and_a_busy_server_is_asked_again(
    provider: Provider,
) -> None:
    provider.script = Script(0, TEXTS, refuses=("/v1/audio/transcriptions",), faults=2)
    assert texts(A) == ["Alpha."]
    assert provider.jobs["batch_0"]["endpoint"] == "/v1/chat/completions"


def test_bounds_hold_before_anything_is_handed_over(provider: Provider) -> None:
    with pytest.raises(LimitReached, match="--max-requests 1"):
        heard(A, B, max_requests=1)
    assert provider.asked.total() == 0
    with pytest.raises(UsageError, match="--batch is for Groq"):
        heard(A, backend="openai", base_url="http://127.0.0.1:9")


def test_hostile_lines_and_jobs_are_passed_over_or_refused() -> None:
    rows = [b"", b"no json", b"[]", b'{"custom_id": 3}', b'{"custom_id": "a"}', b"[" * 5000]
    rows.append(b'{"custom_id": "b", "response": {"status_code": 200, "body": {"text": "x"}}}')
    found = {name: (answer, why) for name, answer, why in answers_of(b"\n".join(rows))}
    assert found == {"a": (b"", "no reason given"), "b": (b'{"text": "x"}', "")}
    for answer in (b"[]", b'{"id": 3}', b"{}", b"null"):
        with pytest.raises(BadReply):
            job_of(answer)
    strange = {"id": "x", "request_counts": {"total": -1}, "errors": 3, "metadata": []}
    assert job_of(json.dumps(strange).encode()).total == 0


def test_the_providers_own_sdk_asks_the_same_of_the_same_paths(provider: Provider) -> None:
    provider.script = Script(0, {A: "Alpha."}, refuses=("/v1/audio/transcriptions",))
    assert texts(A) == ["Alpha."]
    ours, (line,), (job,) = set(provider.asked), provider.lines, [*provider.jobs.values()]
    provider.asked.clear()
    root = provider.as_groq["AUDIOPIPE_BASE_URL"].removesuffix("/openai/v1")
    with groq.Groq(api_key="k", base_url=root, max_retries=0) as sdk:
        file = sdk.files.create(file=("batch.jsonl", json.dumps(line).encode()), purpose="batch")
        made = sdk.batches.create(
            completion_window=job["completion_window"],
            endpoint=job["endpoint"],
            input_file_id=file.id or "",
            metadata=job["metadata"],
        )
        ended = sdk.batches.retrieve(made.id)
        BatchRetrieveResponse.model_validate(ended.model_dump())
        content = sdk.files.content(ended.output_file_id or "").read()
    assert [(name, error) for name, _, error in answers_of(content)] == [(line["custom_id"], "")]
    theirs = {re.sub(r"\d+", "0", path) for path in provider.asked}
    assert theirs == ours - {"GET /files/batch_0_error_file_id/content"}
