"""An hour, which the provider refuses as one upload, by every client that is at hand.

`make clients` installs those that are no part of the development extra; `CLIENTS` names their
folder.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which

import groq
import httpx
import numpy as np
import openai
import pytest
import soundfile as sf
from support import speechlike
from support.gateway import Gateway
from support.server import KEY, Server

WORDS = 2400
"""In eight parts, each with a long silence behind it."""

CLIENTS = os.environ.get("CLIENTS", "")
ASK = Path(__file__).parent.parent / "clients"
LONG = ("--chunk-length", "600", "--overlap", "10")


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hour") / "hour.wav"
    part = np.zeros(450 * 16_000, np.float32)
    said = speechlike.make_recording(WORDS // 8)
    part[: len(said)] = said
    with sf.SoundFile(path, "w", 16_000, 1) as file:
        for _ in range(8):
            file.write(part)
    return path


def test_each_client_gets_an_hour_that_the_provider_refuses(
    hour: Path, upstream: Server, tmp_path: Path
) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    path, form = "/audio/transcriptions", {"model": "whisper-large-v3-turbo"}
    with hour.open("rb") as file:
        body = {"file": ("hour.wav", file)}
        refused = httpx.post(
            f"{upstream.url}{path}", files=body, data=form, headers=headers, timeout=60
        )
    assert refused.status_code == 413
    before = len(upstream.accepted)
    with Gateway(upstream, tmp_path, *LONG) as gateway:

        def openais() -> str:
            with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="none") as client:
                return client.audio.transcriptions.create(model="whisper-1", file=hour).text

        def groqs() -> str:
            with groq.Groq(base_url=gateway.url, api_key="none") as client:
                return client.audio.transcriptions.create(model="whisper-large-v3", file=hour).text

        def curl() -> str:
            url = f"{gateway.url}/v1/audio/transcriptions"
            command = ["curl", "-sF", f"file=@{hour}", "-F", "response_format=text", url]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            return done.stdout.strip()

        asking = {"openai": openais, "groq": groqs, **({"curl": curl} if which("curl") else {})}
        with ThreadPoolExecutor(4) as pool:
            foreign = pool.submit(others, gateway.url, hour)
            under_way = {name: pool.submit(ask) for name, ask in asking.items()}
            texts = {name: each.result() for name, each in under_way.items()}
            told = {**texts, **foreign.result()}
    said = " ".join([speechlike.text(range(WORDS // 8))] * 8)
    assert {name: text == said for name, text in told.items()} == dict.fromkeys(told, True)
    # one recognition for all, but for those who name a language or cut it themselves
    assert CLIENTS or len(upstream.accepted) - before == 7


def others(url: str, recording: Path) -> dict[str, str]:
    """What clients got that are installed apart; nothing where they are not."""
    if not CLIENTS:
        return {}
    node = ["node", str(ASK / "ask.mjs"), CLIENTS, url, str(recording)]
    python = [f"{CLIENTS}/venv/bin/python", str(ASK / "ask.py"), url, str(recording)]
    got: dict[str, str] = {}
    for command in (node, python):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        got |= json.loads(done.stdout.splitlines()[-1])
    return got
