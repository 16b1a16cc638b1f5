"""A key as an argument, wherever there is a provider to ask."""

from __future__ import annotations

import base64
import pickle
from typing import Any

import pytest
from support import speechlike
from support.audio import plain_file
from support.server import KEY, Server

import audiopipe
from audiopipe.errors import RequestTooLarge, UnreadableInput, UsageError

SOUND = plain_file(speechlike.speak(speechlike.text(range(10)), 16_000), 16_000, "FLAC", None)


@pytest.fixture(autouse=True)
def keyless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_every_verb_takes_a_key(server: Server, tmp_path: object) -> None:
    where: dict[str, Any] = {"api_key": KEY, "base_url": server.url, "backend": "groq"}
    assert audiopipe.transcribe(SOUND, cache=False, **where).text
    assert audiopipe.chat("Hello.", **where).text
    with audiopipe.Session(**where, cache=False) as session:
        again = pickle.loads(pickle.dumps(session))
        assert again.transcribe(SOUND).text
        assert session.derive(api_key="gsk_other_key_of_mine").chatter() is not session.chatter()
        again.close()
    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {KEY}"}
    assert KEY not in repr(session) + str(session.settings)


def test_sound_in_an_address_is_read_or_sent_as_it_is(server: Server) -> None:
    text = base64.urlsafe_b64encode(SOUND).decode()
    address = f"data:audio/flac;base64,{text}"
    where: dict[str, Any] = {
        "api_key": KEY,
        "base_url": server.url,
        "backend": "groq",
        "cache": False,
    }
    assert audiopipe.transcribe(address, **where).text == audiopipe.transcribe(SOUND, **where).text
    with pytest.raises(UnreadableInput, match="the given audio/flac: it is not in Base64"):
        audiopipe.transcribe("data:audio/flac,abc", **where)


def test_what_a_model_cannot_write_or_read_is_not_sent(server: Server) -> None:
    where: dict[str, Any] = {"api_key": KEY, "base_url": server.url, "backend": "groq"}
    with pytest.raises(UsageError, match="writes 65536 at most"):
        audiopipe.chat("Hello.", max_completion_tokens=70_000, **where)
    with pytest.raises(RequestTooLarge, match="takes 4096 in all"):
        audiopipe.chat("word " * 10_000, model="allam-2-7b", **where)
    assert not server.seen
