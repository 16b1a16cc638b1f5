"""Jobs: kept, told of, deleted, and alive after whatever happens to the server."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import openai
import pytest
from support import speechlike
from support.answers import Answer, error
from support.gateway import Gateway, flac
from support.server import Server

from audiopipe.server.access import add_key
from audiopipe.server.jobs import Jobs

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OWN_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
PATH = "/v1/audio/transcriptions"


def ended(gateway: Gateway, where: str) -> dict[str, Any]:
    """A job, once it has ended."""
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        job: dict[str, Any] = gateway.get(where).json()
        if job["status"] not in ("queued", "in_progress"):
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def test_a_job_is_accepted_followed_and_fetched_in_any_format(gateway: Gateway) -> None:
    made = gateway.post("/v1/jobs", files={"file": ("talk.flac", flac(90))})
    assert made.status_code == 202
    assert made.json()["object"] == "transcription.job"
    where = made.headers["location"]
    stream = gateway.get(f"{where}/events").text
    job = ended(gateway, where)
    assert (job["status"], job["error"]) == ("completed", None)
    text = speechlike.text(range(90))
    assert gateway.get(f"{where}/result").json()["text"] == text
    assert gateway.get(f"{where}/result?format=srt").text.startswith("1\n00:00:00,100 --> ")
    assert gateway.get(f"{where}/result?format=pdf").status_code == 400
    again = gateway.get(f"{where}/events").text
    for told in (stream, again):
        events = [json.loads(line[6:]) for line in told.splitlines() if line.startswith("data: {")]
        deltas = [e["delta"] for e in events if e["type"] == "transcript.text.delta"]
        assert "".join(deltas) == events[-1]["text"] == text
    assert job["id"] in [each["id"] for each in gateway.get("/v1/jobs").json()["data"]]
    gone = httpx.delete(f"{gateway.url}{where}", timeout=60)
    assert gone.json()["deleted"]
    assert gateway.get(where).status_code == 404
    assert gateway.uploads == []


def test_prefer_respond_async_makes_a_job(gateway: Gateway) -> None:
    file = {"file": flac(10, first=40)}
    made = gateway.post(PATH, files=file, headers={"prefer": "respond-async"})
    assert made.status_code == 202
    assert made.headers["preference-applied"] == "respond-async"
    assert ended(gateway, made.headers["location"])["status"] == "completed"


def test_a_job_that_failed_says_why(gateway: Gateway) -> None:
    made = gateway.post("/v1/jobs", files={"file": ("talk.mp3", b"no sound")})
    job = ended(gateway, made.headers["location"])
    assert (job["status"], job["error"]["code"]) == ("failed", "unreadable_input")
    result = gateway.get(made.headers["location"] + "/result")
    assert (result.status_code, result.json()["error"]["code"]) == (422, "unreadable_input")


def test_a_job_without_result_is_not_ready(gateway: Gateway) -> None:
    assert gateway.get("/v1/jobs/job_unknown").status_code == 404
    wrong = gateway.post("/v1/jobs", data={"task": "sing"}, files={"file": b"x"})
    assert wrong.json()["error"]["param"] == "task"
    untold = gateway.post("/v1/jobs", data={"webhook_url": "http://x"}, files={"file": flac(2)})
    assert untold.json()["error"]["param"] == "webhook_url"
    assert gateway.uploads == []


@pytest.fixture
def slow() -> Iterator[Server]:
    """Takes 0.2 s for each chunk of 20 s."""
    with Server(latency=0.01) as running:
        yield running


def test_a_kill_loses_no_job_and_pays_for_none_twice(slow: Server, tmp_path: Path) -> None:
    words = [range(100 * n, 100 * n + 50) for n in range(11)]
    with Gateway(slow, tmp_path, "-j", "2", "--at-once", "3") as first:
        places = [
            first.post("/v1/jobs", files={"file": flac(50, first=each[0])}).headers["location"]
            for each in words
        ]
        while len(slow.accepted) < 5:
            time.sleep(0.02)
        answered = {seen.audio for seen in slow.accepted}
        asked = len(slow.seen)
        time.sleep(0.3)  # what was answered is stored
        first.end(signal.SIGKILL)
    *whole, lost = places
    _begin_often(tmp_path, lost.rpartition("/")[2])
    with Gateway(slow, tmp_path) as second:
        jobs = [ended(second, where) for where in whole]
        texts = [second.get(f"{where}/result").json()["text"] for where in whole]
        told = ended(second, lost)
        assert second.uploads == []
    assert [job["status"] for job in jobs] == ["completed"] * 10
    assert texts == [speechlike.text(each) for each in words[:10]]
    assert not [seen for seen in slow.seen[asked + 2 :] if seen.audio in answered]
    assert told["status"] == "failed"
    assert "given up" in told["error"]["message"]


def _begin_often(folder: Path, id_: str) -> None:
    """As if no server had survived a recording."""
    jobs = Jobs(folder / "state" / "jobs.sqlite3")
    (job,) = (each for each in jobs.unended() if each.id == id_)
    jobs.put(replace(job, begun=3))
    jobs.close()


def test_a_server_that_is_told_to_stop_hands_its_jobs_over(slow: Server, tmp_path: Path) -> None:
    with Gateway(slow, tmp_path, "-j", "1", "--grace", "1") as first:
        made = first.post("/v1/jobs", files={"file": flac(160)})
        while not slow.seen:
            time.sleep(0.02)
        assert first.end(signal.SIGTERM) == 0
    before = len(slow.accepted)
    with Gateway(slow, tmp_path) as second:
        assert ended(second, made.headers["location"])["status"] == "completed"
        heard = second.get(made.headers["location"] + "/result").json()["text"]
    assert heard == speechlike.text(range(160))
    assert 0 < before < len(slow.accepted)
    sent = [seen.audio for seen in slow.accepted]
    assert len(sent) == len(set(sent))


def test_two_servers_do_not_share_their_state(gateway: Gateway, upstream: Server) -> None:
    with pytest.raises(AssertionError, match="--state-dir"), Gateway(upstream, gateway.folder):
        pass


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Server]]:
    """Works on one recording at a time, keeps one waiting, and holds no reply back."""
    flags = ("-j", "1", "--at-once", "1", "--max-queue", "1", "--hold", "0.1")
    folder = tmp_path_factory.mktemp("narrow")
    with Server(latency=0.01) as slow, Gateway(slow, folder, *flags) as gateway:
        yield gateway, slow


def test_a_full_queue_is_the_only_429(narrow: tuple[Gateway, Server]) -> None:
    gateway, slow = narrow
    where = []
    for n in range(2):
        made = gateway.post("/v1/jobs", files={"file": flac(80, first=100 * n)})
        where.append(made.headers["location"])
        while not slow.seen:
            time.sleep(0.02)
    refused = gateway.post(PATH, files={"file": flac(2)})
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "queue_full"
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["retry-after"]) > 0
    httpx.delete(f"{gateway.url}{where[1]}", timeout=60)
    httpx.delete(f"{gateway.url}{where[0]}", timeout=60)
    assert gateway.post(PATH, files={"file": flac(2)}).status_code == 200
    assert gateway.uploads == []


def test_a_reply_that_takes_long_begins_and_is_cut_if_it_fails(
    narrow: tuple[Gateway, Server],
) -> None:
    gateway, slow = narrow
    file = {"file": flac(40)}
    late = gateway.post(PATH, files=file)
    assert late.text.startswith(" ")
    assert late.json()["text"] == speechlike.text(range(40))
    refusal = error(400, "could not process file")
    slow.faults += [Answer(400, refusal.body, slow_s=1.0)] * 3
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.post(PATH, files={"file": flac(30, first=300)})
    slow.faults.clear()
    slow.faults += [Answer(400, refusal.body, slow_s=1.0)] * 3
    told = httpx.stream(
        "POST",
        f"{gateway.url}{PATH}",
        data={"stream": "true"},
        files={"file": flac(30, first=400)},
        timeout=30,
    )
    with told as reply, pytest.raises(httpx.RemoteProtocolError):
        lines = []
        for line in reply.iter_lines():
            lines.append(line)
    assert any(line.startswith("event: error") for line in lines)


class Hook(BaseHTTPRequestHandler):
    """Takes webhooks, and refuses the first."""

    got: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.mark.parametrize("name", ["plain", "own"])
def test_webhooks_are_signed_as_openai_signs(
    name: str, hooked: tuple[Gateway, str, dict[str, str]]
) -> None:
    gateway, url, keys = hooked
    Hook.got.clear()
    made = gateway.post(
        "/v1/jobs",
        headers={"authorization": f"Bearer {keys[name]}"},
        data={"webhook_url": url},
        files={"file": flac(6, first=900)},
    )
    while not Hook.got:
        time.sleep(0.02)
    headers, body = Hook.got[0]
    secrets = {"plain": SECRET, "own": OWN_SECRET}
    with openai.OpenAI(api_key="none", webhook_secret=secrets.pop(name)) as client:
        client.webhooks.verify_signature(body, headers)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.verify_signature(body + b" ", headers)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            client.webhooks.verify_signature(body, headers, secret=secrets.popitem()[1])
    told = json.loads(body)
    assert told["type"] == "transcription.completed"
    assert told["data"]["id"] == made.json()["id"]


@pytest.fixture(scope="module")
def hooked(
    upstream: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, str, dict[str, str]]]:
    """A gateway with keys, one of them with a secret of its own, and who is told."""
    folder = tmp_path_factory.mktemp("hooked")
    (folder / "secret").write_text(SECRET)
    keys = {name: add_key(folder / "keys.toml", name) for name in ("plain", "own")}
    text = (folder / "keys.toml").read_text()
    own = f'name = "own"\nwebhook_secret = "{OWN_SECRET}"'
    (folder / "keys.toml").write_text(text.replace('name = "own"', own))
    flags: tuple[str, ...] = ("--webhook-secret-file", str(folder / "secret"))
    flags += ("--api-key-file", str(folder / "keys.toml"))
    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        threading.Thread(target=hook.serve_forever, args=(0.01,), daemon=True).start()
        with Gateway(upstream, folder, *flags) as gateway:
            yield gateway, f"http://127.0.0.1:{hook.server_port}/told", keys
        hook.shutdown()
