"""What Bazarr asks, in the dialect of whisper-asr-webservice."""

from __future__ import annotations

import numpy as np
import pytest
import srt
from support import speechlike
from support.gateway import Gateway, flac


def raw(words: int) -> bytes:
    """Samples without a header, as Bazarr sends them."""
    return (speechlike.make_recording(words) * 32_767).astype(np.int16).tobytes()


def test_samples_without_a_header_become_subtitles(gateway: Gateway) -> None:
    query = {"task": "transcribe", "language": "en", "output": "srt", "encode": "false"}
    reply = gateway.post("/asr", params=query, files={"audio_file": raw(60)})
    said = " ".join(" ".join(cue.content for cue in srt.parse(reply.text)).split())
    assert said == speechlike.text(range(60))
    assert gateway.uploads == []


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("txt", "text/plain; charset=utf-8"),
        ("vtt", "text/vtt; charset=utf-8"),
        ("tsv", "text/tab-separated-values; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_files_become_each_output(output: str, kind: str, gateway: Gateway) -> None:
    reply = gateway.post("/asr", params={"output": output}, files={"audio_file": flac(20)})
    assert reply.headers["content-type"] == kind
    assert speechlike.word(0) in reply.text


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"output": "srt"}, b"no sound"),
        ({"output": "srt", "encode": "false"}, b""),
        ({"output": "docx"}, raw(2)),
        ({"task": "sing"}, raw(2)),
        ({"language": "klingon", "encode": "false"}, raw(2)),
    ],
)
def test_an_error_has_an_empty_body(query: dict[str, str], body: bytes, gateway: Gateway) -> None:
    reply = gateway.post("/asr", params=query, files={"audio_file": body})
    assert reply.status_code == 400
    assert reply.content == b""
    assert reply.headers["x-audiopipe-error"]
    assert gateway.uploads == []


def test_the_language_of_the_start_is_told(gateway: Gateway) -> None:
    long = gateway.post(
        "/detect-language", params={"encode": "false"}, files={"audio_file": raw(200)}
    )
    assert long.json() == {"detected_language": "english", "language_code": "en"}
    wrong = gateway.post("/detect-language", files={"audio_file": b"no sound"})
    assert (wrong.status_code, wrong.content) == (400, b"")


def test_the_version_is_told(gateway: Gateway) -> None:
    assert "audiopipe" in gateway.get("/status").json()["version"]
