"""The speech endpoint: what Groq checks, in its own words, and a WAV as its voices write it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audiopipe.backends.catalog import find
from support import speechlike
from support.answers import Answer, Refused, Seen, decommissioned, error, unknown_model

if TYPE_CHECKING:
    from support.server import Server

RATE_HZ = 24_000
FIELDS = {"model", "input", "voice", "response_format", "sample_rate", "speed"}
UNKNOWN = 0xFFFF_FFFF
INFO = b"INFOISFT" + struct.pack("<I", 13) + b"Lavf61.7.100\0\0"


def speak(server: Server, seen: Seen) -> Answer:
    """Half a second of sound for each word."""
    _check(seen)
    text = seen.json["input"]
    samples = speechlike.speak(text, RATE_HZ)
    seen.audio_s = len(samples) / RATE_HZ
    server.work(seen, tokens=-(-len(text.encode()) // 4))
    return Answer(200, streamed_wav(samples), "audio/wav")


def streamed_wav(
    samples: NDArray[np.float32],
    *,
    riff_bytes: int = UNKNOWN,
    data_bytes: int = UNKNOWN,
    between: bytes = b"LIST" + struct.pack("<I", len(INFO)) + INFO,
    behind: bytes = b"",
) -> bytes:
    """A 16-bit WAV as it is written to a pipe: lengths that are not known, a chunk of tags.

    Args:
        samples: shape (n,), -1..1.
        riff_bytes, data_bytes: what the two lengths say.
        between, behind: chunks before and after the samples.
    """
    data = (samples * 32767).astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE_HZ, 2 * RATE_HZ, 2, 16)
    head = b"RIFF" + struct.pack("<I", riff_bytes) + b"WAVE" + form + between
    return head + b"data" + struct.pack("<I", data_bytes) + data + behind


def _check(seen: Seen) -> None:
    asked = seen.json
    for name in asked:
        _refuse(name not in FIELDS, f"unknown field `{name}`")
    for name in ("model", "input", "voice"):
        _refuse(not asked.get(name), f"`{name}` is a required property")
    model = find(asked["model"])
    if model and model.retired_on:
        raise Refused(decommissioned(model.id))
    if model is None or "speak" not in model.tasks or model.provider != "groq":
        raise Refused(unknown_model(asked["model"]))
    _refuse(asked.get("response_format") != "wav", "response_format must be one of [wav]")
    _refuse(asked["voice"] not in model.voices, f"voice must be one of [{' '.join(model.voices)}]")
    most = model.context or 0
    _refuse(len(asked["input"]) > most, f"input must be at most {most} characters")


def _refuse(condition: object, message: str) -> None:
    if condition:
        raise Refused(error(400, message))
