"""Who may ask, and what."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import httpx
import openai
import pytest
from support.gateway import Gateway, flac
from support.server import Server

from audiopipe.errors import RejectedRequest, UsageError
from audiopipe.server.access import Access, add_key
from audiopipe.server.network import allow, is_loopback
from audiopipe.server.refusals import Refusal

SMALL = flac(6)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keys by name, and the path of their file."""
    path = tmp_path_factory.mktemp("keys") / "keys.toml"
    made = {name: add_key(path, name) for name in ("alice", "bob", "speaker", "poor")}
    text = path.read_text()
    text = text.replace('name = "speaker"', 'name = "speaker"\nscopes = ["speak"]')
    path.write_text(text.replace('name = "poor"', 'name = "poor"\nmax_seconds = 5'))
    return {**made, "path": str(path)}


@pytest.fixture(scope="module")
def locked(
    upstream: Server, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    flags: tuple[str, ...] = ("--host", "0.0.0.0", "--api-key-file", keys["path"])
    flags += ("--cors-origin", "app://obsidian.md", "--log-format", "ndjson")
    with Gateway(upstream, tmp_path_factory.mktemp("locked"), *flags) as running:
        running.url = running.url.replace("0.0.0.0", "127.0.0.1")
        yield running


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_that_others_reach_is_refused_without_keys(host: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "audiopipe", "serve", "--port", "0", "--host", host]
    command += ["--state-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--api-key-file" in done.stderr


def test_only_a_known_key_opens(locked: Gateway, keys: dict[str, str]) -> None:
    for key in ("wrong", keys["alice"][:-1], f"{keys['alice']}x"):
        wrong = openai.OpenAI(base_url=f"{locked.url}/v1", api_key=key)
        with wrong as client, pytest.raises(openai.AuthenticationError):
            client.audio.transcriptions.create(model="m", file=("a.flac", SMALL))
    with openai.OpenAI(base_url=f"{locked.url}/v1", api_key=keys["alice"]) as client:
        assert client.audio.transcriptions.create(model="m", file=("a.flac", SMALL)).text
    for path in ("/v1/models", "/metrics", "/v1/jobs", "/v1/audio/voices"):
        assert locked.get(path).status_code == 401
        assert locked.get(path, headers={"api-key": keys["alice"]}).status_code == 200
    assert locked.get("/health").status_code == 200
    empty = locked.post("/asr", files={"audio_file": SMALL})
    assert (empty.status_code, empty.content) == (401, b"")


def test_keys_are_for_their_scopes_and_caps(locked: Gateway, keys: dict[str, str]) -> None:
    def asked(name: str) -> int:
        headers = {"authorization": f"Bearer {keys[name]}"}
        path = "/v1/audio/transcriptions"
        return locked.post(
            path, headers=headers, files={"file": flac(8, first=next(firsts))}
        ).status_code

    firsts = count(70, 10)
    assert asked("speaker") == 403
    assert asked("poor") == 200
    assert asked("poor") == 403  # with 4 s more it would have taken 8
    assert asked("bob") == 200


def test_nobody_sees_the_jobs_of_others(locked: Gateway, keys: dict[str, str]) -> None:
    alice, bob = ({"authorization": f"Bearer {keys[name]}"} for name in ("alice", "bob"))
    made = locked.post("/v1/jobs", headers=alice, files={"file": ("mine.flac", SMALL)})
    where = made.headers["location"]
    assert locked.get(where, headers=alice).status_code == 200
    for path in (where, f"{where}/result", f"{where}/events"):
        assert locked.get(path, headers=bob).status_code == 404
    assert "mine" not in locked.get("/v1/jobs", headers=bob).text
    assert "alice" not in locked.get("/metrics", headers=bob).text


def test_keys_stand_nowhere(locked: Gateway, keys: dict[str, str]) -> None:
    locked.get("/v1/models", headers={"authorization": f"Bearer {keys['alice']}"})
    line = locked.wait_for('"client": "alice"')
    text = Path(keys["path"]).read_text() + "\n".join(locked.lines)
    assert not any(keys[name] in text for name in ("alice", "bob", "speaker", "poor"))
    assert json.loads(line)["event"] == "request"


def test_pages_ask_where_their_origin_is_named(locked: Gateway, keys: dict[str, str]) -> None:
    headers = {"origin": "app://obsidian.md", "access-control-request-method": "POST"}
    asked = httpx.options(f"{locked.url}/v1/audio/transcriptions", headers=headers)
    assert asked.headers["access-control-allow-origin"] == "app://obsidian.md"
    other = {**headers, "origin": "https://evil.example"}
    asked = httpx.options(f"{locked.url}/v1/audio/transcriptions", headers=other)
    assert "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:8765"}, 0),
        ({"host": "[::1]:8765", "origin": "http://[::1]:8765"}, 0),
        ({"host": "127.0.0.1:8765", "origin": "https://evil.example"}, 403),
        ({"host": "127.0.0.1:8765", "origin": "null"}, 403),
        ({"host": "evil.example:8765"}, 421),
        ({"host": "[bad"}, 421),
    ],
)
def test_without_keys_no_page_of_the_web_asks(headers: dict[str, str], status: int) -> None:
    access = Access(None, ())
    if not status:
        assert access.client(headers, "127.0.0.1").name == "127.0.0.1"
        return
    with pytest.raises(Refusal) as refused:
        access.client(headers, "127.0.0.1")
    assert refused.value.status == status


@pytest.mark.parametrize(
    "text",
    [
        "keys = 3",
        "[[keys]]\nname = 'a'\nsha256 = 'zz'",
        "[[keys]]\nname = 'a'\nsha256 = 'aabb'",
        "[[keys]]\nsha256 = ''",
        "[[keys]]\nname = 'a'\nsha256 = '" + "00" * 32 + "'\nscopes = ['all']",
        "not toml",
    ],
)
def test_a_wrong_file_of_keys_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"keys\.toml"):
        Access(path, ())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a",
        "http://localhost:80/a",
        "http://[::1]/a",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://[::ffff:192.168.0.1]/",
        "http://0.0.0.0/",
        "http://0x7f000001/",
        "file:///etc/passwd",
        "http://",
        "http://[bad",
    ],
)
def test_addresses_of_this_network_are_not_fetched(url: str) -> None:
    with pytest.raises(RejectedRequest):
        allow(url, "public")


def test_addresses_of_the_internet_are_fetched_unless_none_are() -> None:
    assert allow("https://1.1.1.1:444/a.mp3", "public") == "1.1.1.1"  # to be connected to
    assert allow("http://127.0.0.1/", "any") is None
    with pytest.raises(RejectedRequest):
        allow("https://1.1.1.1/a.mp3", "none")


def test_loopback_is_told_from_all_else() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("192.168.1.1")


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_tls_is_spoken(upstream: Server, tmp_path: Path) -> None:
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    command += f" -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {cert}"
    subprocess.run(command.split(), capture_output=True, check=True)
    with Gateway(upstream, tmp_path, "--tls-cert", cert, "--tls-key", key) as gateway:
        assert gateway.url.startswith("https://")
        told = httpx.get(
            f"{gateway.url}/health", verify=ssl.create_default_context(cafile=cert), timeout=60
        )
        assert told.json() == {"status": "ok"}
    with (
        pytest.raises(AssertionError, match="--tls-cert"),
        Gateway(upstream, tmp_path, "--tls-cert", key),
    ):
        pass
