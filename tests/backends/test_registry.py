"""Who recognises, and that a key goes to the server it belongs to."""

from __future__ import annotations

import pytest
from support.fixtures import JFK
from support.server import Server

import audiopipe
from audiopipe.backends.registry import choose
from audiopipe.errors import BackendError
from audiopipe.settings import Settings

GROQ, OPENAI = "https://api.groq.com/openai/v1", "https://api.openai.com/v1"


@pytest.mark.parametrize(
    ("key", "base_url", "address"),
    [
        ("gsk_key", None, GROQ),
        ("gsk_key", "https://api.groq.com", GROQ),
        ("gsk_key", "http://localhost:8000", "http://localhost:8000/v1"),
        ("", "http://localhost:8000", "http://localhost:8000/v1"),
        ("", None, ""),
    ],
)
def test_an_address_decides_before_a_key(
    key: str, base_url: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", key)
    chosen = choose(Settings(base_url=base_url), {"GROQ_API_KEY": key})
    assert chosen.address == address
    assert chosen.name == {GROQ: "groq", "": "local"}.get(address, "openai")


def test_a_server_that_is_not_groq_never_sees_the_key_for_groq(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk_secret")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(BackendError):
        audiopipe.transcribe(JFK, base_url=server.url, voice_check=False)
    assert server.seen
    assert not any("gsk_secret" in str(seen.headers) for seen in server.seen)
