"""The test server against what is known of the provider: it judges everything else."""

from __future__ import annotations

import io
import json
import math
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from support.answers import Refused, go_duration
from support.clock import Clock
from support.quota import Quota
from support.server import KEY, Server

from audiopipe.backends.http import figures
from audiopipe.limits.rules import Limits

FREE = Limits(rpm=20, rpd=2000, ash=7200, asd=28_800)
TURBO = "whisper-large-v3-turbo"


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


@pytest.fixture
def server(clock: Clock) -> Iterator[Server]:
    with Server(limits=FREE, clock=clock) as running:
        yield running


def ask(server: Server, audio_s: float = 2.0, model: str = TURBO, key: str = KEY) -> httpx.Response:
    """Send silence to be transcribed."""
    file = io.BytesIO()
    sf.write(file, np.zeros(round(audio_s * 8000)), 8000, format="FLAC")
    return httpx.post(
        f"{server.url}/audio/transcriptions",
        files=[("model", (None, model)), ("file", ("audio.flac", file.getvalue()))],
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
        verify=False,  # plain http: loading certificates takes longer than the request
    )


def refusal(quota: Quota, **asked: float) -> tuple[int, str, str, str | None]:
    """Status, message, type and retry-after of a request that is refused."""
    with pytest.raises(Refused) as caught:
        quota.take(**asked)
    answer = caught.value.answer
    told = json.loads(answer.body)["error"]
    assert told["code"] == "rate_limit_exceeded"
    return answer.status, told["message"], told["type"], answer.headers.get("retry-after")


# limits


@pytest.mark.parametrize(
    ("name", "limit", "used", "asked", "said", "retry_after"),
    [
        ("ash", 7200, 7170, 230, "seconds of audio per hour (ASPH)|1m40s", None),
        ("ash", 7200, 7169.476, 230, "seconds of audio per hour (ASPH)|1m39.738s", None),
        ("ash", 7200, 5956, 2336, "seconds of audio per hour (ASPH)|9m6s", None),
        ("asd", 28_800, 28_596, 600, "seconds of audio per day (ASPD)|19m48s", None),
        ("rpm", 20, 20, 1, "requests per minute (RPM)|3s", "3"),
        ("rpd", 2000, 2000, 1, "requests per day (RPD)|43.2s", "44"),
        ("tpm", 1200, 1150, 60, "tokens per minute (TPM)|500ms", "1"),
        ("tpd", 3600, 3600, 850, "tokens per day (TPD)|5h40m0s", "20400"),
    ],
)
def test_a_refusal_has_the_provider_s_figures_wait_and_header(
    clock: Clock,
    name: str,
    limit: int,
    used: float,
    asked: int,
    said: str,
    retry_after: str | None,
) -> None:
    quota = Quota(TURBO, Limits(**{name: limit}), clock)
    quota.buckets[name].use(used)
    amounts = {"r": {}, "t": {"tokens": asked}, "a": {"audio_s": asked}}[name[0]]
    status, message, kind, header = refusal(quota, **amounts)
    label, wait = said.split("|")
    assert message.startswith(
        f"Rate limit reached for model `{TURBO}` in organization `org_01test` service tier "
        f"`on_demand` on {label}: Limit {limit}, Used {math.ceil(used)}, Requested {asked}. "
        f"Please try again in {wait}. Need more tokens?"
    )
    assert (status, kind, header) == (429, label.split()[0], retry_after)


def test_a_request_above_a_whole_allowance_is_413_and_no_wait_is_named(clock: Clock) -> None:
    status, message, kind, header = refusal(Quota("whisper-large-v3", FREE, clock), audio_s=42_762)
    assert (status, kind, header) == (413, "seconds", None)
    assert "on seconds of audio per hour (ASPH): Limit 7200, Requested 42762, please" in message


@given(
    limits=st.builds(
        Limits,
        rpm=st.none() | st.integers(1, 60),
        rpd=st.none() | st.integers(1, 99),
        ash=st.none() | st.integers(50, 7200),
        asd=st.integers(50, 9999),
    ),
    asked=st.lists(st.tuples(st.floats(0, 500), st.floats(0.01, 50)), min_size=1, max_size=40),
)
def test_no_stretch_of_time_lets_more_through_than_the_allowance_and_its_refill(
    limits: Limits, asked: list[tuple[float, float]]
) -> None:
    clock = Clock()
    quota = Quota(TURBO, limits, clock)
    taken = []
    for pause_s, audio_s in asked:
        clock.now_s += pause_s
        try:
            quota.take(audio_s=audio_s)
        except Refused:
            continue
        taken.append((clock.now_s, audio_s))
    windows = {"rpm": 60, "rpd": 86_400, "ash": 3600, "asd": 86_400}
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            stretch = taken[first : last + 1]
            share_s = stretch[-1][0] - stretch[0][0]
            for name, window_s in windows.items():
                if limit := getattr(limits, name):
                    amount = len(stretch) if name[0] == "r" else sum(each for _, each in stretch)
                    assert amount <= limit * (1 + share_s / window_s) + 1e-3


@given(used=st.floats(0, 7200), audio_s=st.floats(0.01, 7200))
def test_a_wait_that_was_named_is_long_enough_and_no_longer(used: float, audio_s: float) -> None:
    clock = Clock()
    quota = Quota(TURBO, Limits(ash=7200), clock)
    quota.buckets["ash"].use(used)
    try:
        quota.take(audio_s=audio_s)
    except Refused as refused:
        wait = json.loads(refused.answer.body)["error"]["message"].split("again in ")[1]
        wait_s = figures.wait_s(wait.split(". ")[0], 0.0)
        assert wait_s is not None
        clock.now_s += wait_s - 0.002
        refusal(quota, audio_s=audio_s)
        clock.now_s += 0.002
        quota.take(audio_s=audio_s)


@given(st.floats(0, 90_000))
def test_durations_are_written_as_the_client_reads_them(seconds: float) -> None:
    assert figures.wait_s(go_duration(seconds), 0.0) == pytest.approx(seconds, abs=6e-4)


def test_headers_tell_of_requests_a_day_and_audio_an_hour_only(
    server: Server, clock: Clock
) -> None:
    first = ask(server, 2.0).headers
    told = {name: value for name, value in first.items() if name.startswith("x-ratelimit-")}
    assert told == {
        "x-ratelimit-limit-requests": "2000",
        "x-ratelimit-remaining-requests": "1999",
        "x-ratelimit-reset-requests": "43.2s",
        "x-ratelimit-limit-audio-seconds": "7200",
        "x-ratelimit-remaining-audio-seconds": "7198",
        "x-ratelimit-reset-audio-seconds": "1s",
    }
    clock.now_s += 1
    second = ask(server, 1.0).headers
    assert second["x-ratelimit-reset-requests"] == "1m26.4s"
    assert second["x-ratelimit-remaining-audio-seconds"] == "7199"
    assert second["x-ratelimit-reset-audio-seconds"] == "500ms"


def test_a_refused_attempt_costs_a_request_and_no_audio(server: Server) -> None:
    server.quota(TURBO).buckets["ash"].use(7195)
    reply = ask(server, 20.0)
    assert reply.status_code == 429 and "retry-after" not in reply.headers
    assert reply.headers["x-ratelimit-remaining-requests"] == "1999"
    assert reply.headers["x-ratelimit-remaining-audio-seconds"] == "5"
    assert ask(server, 5.0).status_code == 200
    assert (len(server.refused), len(server.accepted)) == (1, 1)


def test_refused_attempts_do_not_push_back_the_wait_that_was_named(
    server: Server, clock: Clock
) -> None:
    replies = [ask(server) for _ in range(25)]
    assert [reply.status_code for reply in replies] == [200] * 20 + [429] * 5
    assert replies[-1].headers["retry-after"] == "3"
    clock.now_s += 3
    assert ask(server).status_code == 200


def test_each_model_has_its_own_allowance(server: Server) -> None:
    server.quota(TURBO).buckets["ash"].use(7200)
    assert ask(server).status_code == 429
    assert ask(server, model="whisper-large-v3").status_code == 200


def test_without_limits_no_header_tells_of_any() -> None:
    with Server() as server:
        assert not [name for name in ask(server).headers if "ratelimit" in name]


@pytest.mark.parametrize(
    ("fault", "charged_s"),
    [
        *[(name, 2) for name in ("internal", "bad-gateway", "cut-body", "cut-headers", "empty")],
        *[(name, 0) for name in ("limited", "over-capacity", "flex-capacity", "too-long")],
    ],
)
def test_what_passes_the_gate_is_charged_whole_and_what_is_turned_away_as_a_request(
    server: Server, fault: str, charged_s: int
) -> None:
    server.faults.append(fault)
    try:
        ask(server, 2.0)
    except httpx.RemoteProtocolError:
        assert fault.startswith("cut")
    buckets = server.quota(TURBO).buckets
    assert (buckets["ash"].used(), buckets["rpd"].used()) == (charged_s, 1)
    assert server.accepted == []


def test_a_refused_key_and_a_refused_file_cost_no_audio(server: Server) -> None:
    assert ask(server, key="gsk_wrong").status_code == 401
    assert server.quota(TURBO).buckets["rpd"].used() == 0
    assert "too short" in ask(server, 0.001).text
    assert server.quota(TURBO).buckets["rpd"].used() == 1
    assert server.quota(TURBO).buckets["ash"].used() == 0


# faults, slowness and crowds


def verdict(server: Server) -> str:
    """How a request ends, in a word."""
    try:
        reply = ask(server, 0.1)
    except httpx.RemoteProtocolError:
        return "cut"
    if reply.status_code != 200:
        return f"{reply.status_code} {reply.headers.get('retry-after', '')}".strip()
    try:
        return "wrong shape" if reply.json() in (["text"], {"result": "ok"}) else "right"
    except ValueError:
        return "not JSON"


def test_a_fifth_of_the_answers_go_wrong_in_every_way_that_passes() -> None:
    with Server(fault_rate=0.2, seed=3) as server:
        ends = Counter(verdict(server) for _ in range(400))
    assert 0.14 < 1 - ends["right"] / 400 < 0.23
    assert len(server.accepted) == ends["right"]
    assert set(ends) == {
        *("right", "cut", "not JSON", "wrong shape"),
        *("429", "429 0.05", "498", "500", "502", "503 0.05"),
    }


def test_above_its_capacity_it_answers_503_and_recovers() -> None:
    with Server(latency=lambda audio_s: 0.3, capacity=2) as server:
        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: ask(server), range(8)))
        assert {reply.status_code for reply in replies} == {200, 503}
        assert (server.busy, server.most_busy) == (0, 2)
        assert ask(server).status_code == 200


def test_an_answer_may_take_a_time_for_each_second_of_audio() -> None:
    with Server(latency=lambda audio_s: 0.3 if audio_s > 1 else 0.0) as server:
        assert ask(server, 1.5).elapsed.total_seconds() >= 0.3  # it cannot be early
    with Server(latency=0.2) as server:
        assert ask(server, 2.0).elapsed.total_seconds() >= 0.4


def test_a_client_that_hangs_up_leaves_the_server_well(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(
            b"POST /openai/v1/audio/transcriptions HTTP/1.1\r\nContent-Length: 99\r\n\r\nx"
        )
    assert ask(server).status_code == 200
    assert len(server.seen) == 1
    assert capfd.readouterr().err == ""
