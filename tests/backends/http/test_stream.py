from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import Answer, limited
from support.server import KEY, Server

from audiopipe.backends.http.client import Call, Http
from audiopipe.backends.http.connection import Timeouts
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.wire.events import data_of
from audiopipe.errors import AuthError, BadReply, RejectedRequest, ServerFault
from audiopipe.limits.rules import Cost, Limits

MODEL = "openai/gpt-oss-20b"


def question(text: str = "one two three", **fields: object) -> Call:
    body = {
        "model": MODEL,
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        **fields,
    }
    return Call("POST", "/chat/completions", "a question", MODEL, Cost(tokens=50), json=body)


def piece(data: str) -> str:
    if data == "[DONE]":
        return ""
    choices = json.loads(data).get("choices")
    if not choices:
        raise BadReply("no event of a chat")
    return str(choices[0]["delta"].get("content", ""))


@pytest.fixture
def http(server: Server) -> Iterator[Http]:
    http = Http(server.url, KEY, retry=Retry(attempts=3, sleep=lambda _: None))
    yield http
    http.close()


def test_events_come_in_order(http: Http) -> None:
    assert "".join(http.stream(question(), piece)) == "You said: one two three"


@pytest.mark.parametrize(
    "fault", ["limited", "internal", "bad-gateway", "over-capacity", "cut-headers", "empty"]
)
def test_a_fault_before_the_first_event_is_met_by_one_more_try(
    http: Http, server: Server, fault: str
) -> None:
    server.faults.append(limited(wait="50ms", used=6970) if fault == "limited" else fault)
    assert "".join(http.stream(question(), piece)) == "You said: one two three"
    assert len(server.seen) == 2


def test_a_refusal_is_mapped_and_not_asked_for_twice(http: Http, server: Server) -> None:
    with pytest.raises(RejectedRequest, match=r"a question to 127\.0\.0\.1: 400 .*at most 1"):
        list(http.stream(question(n=2), piece))
    assert len(server.seen) == 1


def test_a_key_that_is_refused_is_told(server: Server) -> None:
    http = Http(server.url, "gsk_wrong")
    with pytest.raises(AuthError, match="check the API key"):
        list(http.stream(question(), piece))
    http.close()


def test_a_line_that_breaks_later_is_an_error_after_the_events_that_came(
    http: Http, server: Server
) -> None:
    event = b'data: {"choices": [{"delta": {"content": "one "}}]}\n\n'
    server.faults.append(Answer(200, event * 3, "text/event-stream", cut_after=len(event) + 20))
    events = http.stream(question(), piece)
    assert next(events) == "one "
    with pytest.raises(ServerFault, match="connection broke"):
        next(events)
    assert len(server.seen) == 1


def test_an_answer_that_is_no_stream_is_a_bad_reply(http: Http, server: Server) -> None:
    server.faults.extend(["no-text"] * 3)
    with pytest.raises(BadReply, match="no event of a chat"):
        list(http.stream(question(), piece))


def test_a_reader_who_has_heard_enough_hangs_up_and_the_next_request_is_served(
    server: Server,
) -> None:
    http = Http(server.url, KEY, most=1, timeouts=Timeouts(idle_s=30))
    events = http.stream(question(" ".join(map(str, range(10_000)))), piece)
    assert "".join(islice(events, 4)) == "You said: 0"
    events.close()  # type: ignore[attr-defined]  # an iterator that is a generator
    assert "".join(http.stream(question(), piece)) == "You said: one two three"
    http.close()


def test_the_tokens_that_an_answer_took_correct_the_estimate(
    server: Server, tmp_path: Path
) -> None:
    ledger = tmp_path / "budget.sqlite3"
    http = Http(server.url, KEY, ledger=ledger, limits_of=lambda model: Limits(tpd=10_000))
    for _ in range(3):
        list(http.stream(question(), piece))
    http.close()
    with closing(sqlite3.connect(ledger)) as books:
        (used,) = books.execute("SELECT used FROM buckets WHERE rule = 'tpd'").fetchone()
    assert used == pytest.approx(3 * (7 + 5), abs=1)  # read and written; the estimate was 50


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.integers(1, 9)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_data_is_the_same_however_the_bytes_are_cut(
    texts: list[str], cuts: list[int], end: str
) -> None:
    events = [json.dumps(text, ensure_ascii=False) for text in texts]
    stream = "".join(f": a comment{end}event: x{end}data: {each}{end}{end}" for each in events)
    data, pieces = stream.encode(), []
    for cut in cuts:
        pieces.append(data[:cut])
        data = data[cut:]
    assert [json.loads(each) for each in data_of([*pieces, data])] == texts
