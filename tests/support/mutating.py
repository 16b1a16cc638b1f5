"""Requests that were damaged on their way, written to a socket as they are."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

import httpx

from support.gateway import flac

_SOUND = flac(2)
_WAIT_S = 2.0


def right_ones() -> list[httpx.Request]:
    """One of each kind."""
    base = "http://localhost"
    form = {"model": "whisper-1", "response_format": "srt", "language": "en"}
    file = {"file": ("a.flac", _SOUND)}
    chat = {"model": "openai/gpt-oss-20b", "messages": [{"role": "user", "content": "hi"}]}
    return [
        httpx.Request("POST", f"{base}/v1/audio/transcriptions", data=form, files=file),
        httpx.Request("POST", f"{base}/openai/v1/audio/translations", files=file),
        httpx.Request(
            "POST", f"{base}/v1/audio/transcriptions", json={"input_audio": {"data": "AA"}}
        ),
        httpx.Request("POST", f"{base}/v1/jobs", data={"task": "transcribe"}, files=file),
        httpx.Request("POST", f"{base}/asr?output=srt&encode=false", files={"audio_file": _SOUND}),
        httpx.Request("POST", f"{base}/v1/chat/completions", json=chat),
        httpx.Request("POST", f"{base}/v1/audio/speech", json={"input": "", "voice": "alloy"}),
        httpx.Request("GET", f"{base}/v1/jobs/job_x/result?format=vtt"),
        httpx.Request("GET", f"{base}/v1/models/openai%2Fgpt-oss-20b"),
    ]


def mutated(request: httpx.Request, dice: random.Random) -> bytes:
    """A request with a few bytes changed, moved, doubled or missing; its length often told as it
    was."""
    body = _damaged(request.read(), dice) if dice.random() < 0.7 else request.read()
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    if request.method == "POST":
        told = dice.choice([len(body)] * 6 + [len(body) + 7, max(0, len(body) - 7), 0])
        headers["content-length"] = str(told)
    headers["connection"] = "close"
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return (_damaged(head, dice) if dice.random() < 0.4 else head) + body


def answer(host: str, port: int, request: bytes) -> bytes:
    """What a server says to it, up to the end; "" if it hangs up or waits for more."""
    got = b""
    with socket.create_connection((host, port), _WAIT_S) as line, suppress(OSError):
        line.sendall(request)
        while piece := line.recv(1 << 16):
            got += piece
    return got


def _damaged(data: bytes, dice: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(made) + 1)
        match dice.randrange(5):
            case 0:
                made[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del made[at : at + dice.randint(1, 40)]
            case 2:
                made[at:at] = made[at : at + dice.randint(1, 200)]
            case 3:
                made[at:at] = dice.randbytes(dice.randint(1, 9))
            case _:
                start = dice.randrange(len(made) + 1)
                made[at:at] = made[start : start + 20]
    return bytes(made)
