"""Bodies to files: whatever the pieces, within bounds, and nothing left behind."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import wave
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from audiopipe.concurrency import Stop
from audiopipe.server.intake import Form, Intake
from audiopipe.server.refusals import Refusal
from audiopipe.server.spool import Spool, plain_name

BOUNDARY = "b0undary"


def intake(folder: Path, most_bytes: float = 1e6, most_disk_bytes: float = 1e7) -> Intake:
    spool = Spool(folder, most_bytes, most_disk_bytes)
    spool.sweep(set())
    return Intake(spool, 5.0, "public", Stop())


def read(made: Intake, pieces: list[bytes], *, raw: bool = False) -> Form:
    """What a body of these pieces holds; the client hangs up where they end too early."""
    left = iter(pieces)

    async def receive() -> dict[str, Any]:
        piece = next(left, None)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    headers = [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    scope = {"type": "http", "headers": headers, "query_string": b"", "method": "POST"}
    return asyncio.run(made.read(Request(scope, receive), raw=raw))


def body(parts: list[tuple[str, bytes, bool]]) -> bytes:
    made = b""
    for name, value, is_file in parts:
        more = '; filename="a.wav"' if is_file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        made += head.encode() + value + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


DATA = st.binary(max_size=300) | st.just(b"\r\n--b0undar") | st.just(b"\r\n\r\n--")


@given(DATA, st.lists(st.integers(1, 80), max_size=30), st.booleans())
def test_pieces_do_not_matter(data: bytes, sizes: list[int], first: bool) -> None:
    fields = [("model", b"whisper-1", False), ("timestamp_granularities[]", b"word", False)]
    file = ("file", data, True)
    whole = body([file, *fields] if first else [*fields, file])
    pieces, at = [], 0
    for size in sizes:
        pieces.append(whole[at : at + size])
        at += size
    with tempfile.TemporaryDirectory() as folder:
        made = intake(Path(folder))
        form = read(made, [piece for piece in [*pieces, whole[at:]] if piece] + [b""])
        assert form.fields == {"model": ("whisper-1",), "timestamp_granularities": ("word",)}
        assert form.upload
        assert form.upload.path.read_bytes() == data
        assert form.upload.sha256 == hashlib.sha256(data).hexdigest()
        assert made.spool.used == len(data)
        made.spool.drop(form.upload)
        assert made.spool.used == 0


@given(st.integers(0, 150))
def test_a_client_that_hangs_up_leaves_nothing(size: int) -> None:
    whole = body([("file", bytes(100), True)])
    with tempfile.TemporaryDirectory() as folder:
        made = intake(Path(folder))
        with pytest.raises(Refusal):
            read(made, [whole[:size]] if size else [])
        assert list(Path(folder).iterdir()) == []
        assert made.spool.used == 0


@pytest.mark.parametrize(
    ("bounds", "status"), [((1000.0, 1e6), 413), ((1e6, 1000.0), 507), ((99.0, 99.0), 413)]
)
def test_bounds_hold(bounds: tuple[float, float], status: int, tmp_path: Path) -> None:
    made = intake(tmp_path, *bounds)
    whole = body([("file", bytes(2000), True), ("model", b"x", False)])
    with pytest.raises(Refusal) as refused:
        read(made, [whole, b""])
    assert refused.value.status == status
    assert list(tmp_path.iterdir()) == []
    assert made.spool.used == 0


def test_a_field_is_bounded_too(tmp_path: Path) -> None:
    made = intake(tmp_path)
    with pytest.raises(Refusal, match="too large"):
        read(made, [body([("prompt", bytes(2 << 20), False)]), b""])


def test_samples_get_a_header(tmp_path: Path) -> None:
    form = read(intake(tmp_path), [body([("audio_file", bytes(3200), True)]), b""], raw=True)
    assert form.upload
    with wave.open(str(form.upload.path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 1600)


def test_a_pause_that_is_too_long_ends_an_upload(tmp_path: Path) -> None:
    made = Intake(intake(tmp_path).spool, 0.05, "none", Stop())

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    headers = [(b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode())]
    scope = {"type": "http", "headers": headers, "query_string": b"", "method": "POST"}
    with pytest.raises(Refusal) as refused:
        asyncio.run(made.read(Request(scope, receive)))
    assert refused.value.status == 408


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("C:\\Users\\me\\talk.mp3", "talk.mp3"),
        ("../../etc/passwd", "passwd"),
        ("a\x1b[31m.wav", "a_[31m.wav"),
        ("..", "audio"),
        ("", "audio"),
        ("x" * 500 + ".mp3", "x" * 116 + ".mp3"),
    ],
)
def test_names_are_made_plain(told: str, plain: str) -> None:
    assert plain_name(told) == plain
