from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.answers import (
    FAULTS,
    Answer,
    decommissioned,
    error,
    limited,
    unknown_model,
    with_headers,
)

from audiopipe.backends.http import figures
from audiopipe.backends.http.errors import TooManyBytes, dictated_wait_s, fault
from audiopipe.backends.http.reply import Reply
from audiopipe.errors import (
    AuthError,
    BackendError,
    BadReply,
    ModelUnavailable,
    RateLimited,
    RejectedRequest,
    RequestTooLarge,
    ServerFault,
)

NOW_S = 1_800_000_000.0


def met(answer: Answer) -> BackendError:
    return fault(Reply(answer.status, answer.headers, answer.body), "chunk 1 to host", NOW_S)


def html(status: int) -> Answer:
    return Answer(status, FAULTS["bad-gateway"].body, "text/html")


LLAMA_CPP = "request (6024 tokens) exceeds the available context size (4096 tokens)"
VLLM = "This model's maximum context length is 4096 tokens. However, you requested 6024"
PROMPT = "prompt length must be 896 characters or fewer, but it has 904 characters"

TABLE = [
    (error(400, "could not process file - is it a valid media file?"), RejectedRequest, "media"),
    (error(400, "file must be one of the following types: [flac]"), RejectedRequest, "types"),
    (error(400, "Audio file is too short."), RejectedRequest, "too short"),
    (error(400, PROMPT), RejectedRequest, "896"),
    (error(400, "failed to retrieve media: received status code: 302"), RejectedRequest, "302"),
    (error(400, "media file too large - size limit: 1, actual size: 2"), TooManyBytes, "size"),
    (decommissioned("distil-whisper-large-v3-en"), ModelUnavailable, "-m whisper-large-v3-turbo"),
    (decommissioned("forgotten"), ModelUnavailable, "another with -m"),
    (FAULTS["terms"], ModelUnavailable, "console.groq.com/playground"),
    (FAULTS["spend"], AuthError, "spend limit"),
    (error(400, "no", code="spend_limit_reached"), AuthError, "spend limit"),
    (error(401, "Invalid API Key", code="invalid_api_key"), AuthError, "check the API key"),
    (error(402, "Payment required"), AuthError, "billing"),
    (FAULTS["network"], AuthError, "VPN"),
    (html(403), AuthError, "VPN"),
    (error(403, "Not allowed"), AuthError, "permissions"),
    (unknown_model("x"), ModelUnavailable, "check -m"),
    (Answer(404, b"404 page not found"), RejectedRequest, "base URL"),
    (Answer(301, b""), RejectedRequest, "base URL"),
    (FAULTS["too-large"], TooManyBytes, "bytes"),
    (FAULTS["too-long"], RequestTooLarge, "whole allowance"),
    (error(400, LLAMA_CPP), RequestTooLarge, "send less text"),
    (error(400, VLLM), RequestTooLarge, "send less text"),
    (error(400, "Requested tokens (9) exceed context window of 4"), RequestTooLarge, "less"),
    (html(413), TooManyBytes, "bytes"),
    (Answer(422, b'{"detail":[{"loc":["file"]}]}'), RejectedRequest, "file"),
    (error(422, "try again"), BadReply, "try again"),
    (FAULTS["limited"], RateLimited, "ASPH"),
    (error(429, "You exceeded", code="insufficient_quota"), AuthError, "spend limit"),
    (FAULTS["flex-capacity"], ServerFault, "capacity_exceeded"),
    (error(499, "cancelled"), RejectedRequest, "cancelled"),
    (FAULTS["internal"], ServerFault, "500"),
    (FAULTS["bad-gateway"], ServerFault, "502 Bad Gateway cloudflare"),
    (FAULTS["over-capacity"], ServerFault, "over capacity"),
    (Answer(408, b""), ServerFault, "Request Timeout"),
    (Answer(400, b'{"error":"no file"}'), RejectedRequest, "no file"),
    (Answer(400, b'{"detail":"no file"}'), RejectedRequest, "no file"),
    (Answer(400, b'{"message":"no file"}'), RejectedRequest, "no file"),
    (Answer(400, b'["no", "file"]'), RejectedRequest, "no"),
    (Answer(400, b'{"error":{}}'), RejectedRequest, "400 Bad Request"),
    (Answer(418, b""), RejectedRequest, "418"),
    (Answer(599, b"\xff\x00"), ServerFault, "599"),
]


@pytest.mark.parametrize(("answer", "kind", "words"), TABLE)
def test_a_refusal_becomes_the_error_of_the_table_in_one_line(
    answer: Answer, kind: type[BackendError], words: str
) -> None:
    caught = met(answer)
    assert type(caught) is kind
    assert str(caught).startswith("chunk 1 to host: ") and words in str(caught)
    assert "\n" not in str(caught) and len(str(caught)) < 500


@pytest.mark.parametrize(
    ("answer", "wait_s"),
    [
        (limited(wait="1m39.738s"), 99.738),
        (limited(wait="19m48s"), 1188.0),
        (limited(wait="5h40m"), 20_400.0),
        (limited(wait="120ms"), 0.12),
        (with_headers(limited(), retry_after="2"), 2.0),
        (with_headers(limited(), retry_after="0.5"), 0.5),
        (with_headers(limited(), retry_after="9", retry_after_ms="1500"), 1.5),
        (with_headers(limited(), retry_after=formatdate(NOW_S + 90, usegmt=True)), 90.0),
        (with_headers(limited(), retry_after=formatdate(NOW_S - 90, usegmt=True)), 0.0),
        (with_headers(limited(), retry_after="soon"), 99.738),
        (error(429, "x" * 400 + " Please try again in 7.66s."), 7.66),
        (error(429, "slow down"), None),
        (FAULTS["over-capacity"], 1.0),
        (FAULTS["internal"], None),
    ],
)
def test_a_wait_is_read_from_headers_and_message(answer: Answer, wait_s: float | None) -> None:
    caught = met(answer)
    assert isinstance(caught, RateLimited | ServerFault)
    assert caught.wait_s == pytest.approx(wait_s)


def test_the_server_may_forbid_a_repeat_or_wish_for_one() -> None:
    assert type(met(with_headers(FAULTS["internal"], x_should_retry="false"))) is RejectedRequest
    assert type(met(with_headers(error(400, "no"), x_should_retry="true"))) is ServerFault


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("2m59.56s", 179.56), ("7.66s", 7.66), ("500ms", 0.5), ("1h2m3s", 3723.0)),
        *(("1m26.4s", 86.4), ("250us", 0.00025), ("3", 3.0), (" 2.5 ", 2.5)),
        *(("", None), ("soon", None), ("5 apples", None), ("-3s", None), ("1h and 2m", 3720.0)),
    ],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float | None) -> None:
    assert figures.wait_s(text, NOW_S) == pytest.approx(seconds)


@given(st.integers(100, 599), st.binary(max_size=200), st.text(max_size=20))
def test_no_reply_is_too_strange_for_a_line(status: int, body: bytes, header: str) -> None:
    reply = Reply(status, {"retry-after": header}, body)
    assert "\n" not in str(fault(reply, "chunk", NOW_S))
    wait_s = dictated_wait_s(reply, NOW_S)
    assert wait_s is None or wait_s >= 0
