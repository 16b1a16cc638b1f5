"""Speakers of any recording, by OpenAI's `diarized_json`."""

from __future__ import annotations

import io
from pathlib import Path

import soundfile as sf
from support.gateway import Gateway
from support.server import Server
from support.voices import RATE_HZ, dialogue, hear


def test_diarized_json_tells_who_speaks(tmp_path: Path) -> None:
    file = io.BytesIO()
    turns = ("kathleen", 0.0, 8.0), ("narrator", 0.0, 8.0)
    sf.write(file, dialogue(*turns), RATE_HZ, format="FLAC")
    with Server(hear) as upstream, Gateway(upstream, tmp_path) as gateway:
        replies = [
            gateway.post(
                "/v1/audio/transcriptions",
                data={"response_format": shape, "model": "whisper-1"},
                files={"file": ("a.flac", file.getvalue())},
            ).json()
            for shape in ("json", "diarized_json")
        ]
    segments = replies[1]["segments"]
    assert {each["speaker"] for each in segments} == {"Speaker 1", "Speaker 2"}
    assert segments[0]["speaker"] != segments[-1]["speaker"]
    assert replies[1]["text"] == replies[0]["text"]
