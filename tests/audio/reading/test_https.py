"""Recordings behind https://, by a real server with a certificate of its own authority."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.audio import container_file, plain_file
from support.podcasts import File, Host
from support.tones import WORD_S, heard, spoken

pytest.importorskip("cryptography", reason="cryptography makes the certificates")

from support.tls import authority

from audiopipe.audio.encoding import decode_pcm
from audiopipe.errors import UnreadableInput
from audiopipe.pipeline import prepare_and_tell
from audiopipe.settings import Settings
from audiopipe.values.audio import Chunk

SOUND = spoken(range(12), 16_000)
FILES = {
    "/talk.wav": plain_file(SOUND, 16_000, "WAV"),
    "/talk.m4a": container_file([SOUND], 16_000, "ipod", "aac"),
    "/talk.mkv": container_file([SOUND], 16_000, "matroska", "libopus"),
}


def words(url: str) -> list[tuple[int, float]]:
    (chunk,) = prepare_and_tell(url, Settings())
    assert isinstance(chunk, Chunk)
    return heard((decode_pcm(chunk.data, chunk.format) * 32768).astype(np.int16))


def trusting(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Host:
    trusted, secured = authority(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return Host(secured)


@pytest.mark.parametrize("path", FILES)
def test_a_recording_behind_tls_is_heard_though_its_line_breaks(
    path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    size = len(FILES[path])
    cuts = [size // 3, size // 3]
    with trusting(monkeypatch, tmp_path) as host:
        host.files[path] = File(FILES[path], cuts=list(cuts))
        said: list[Any] = words(host.url + path)
        assert said == [(word, pytest.approx(word * WORD_S, abs=1e-3)) for word in range(12)]
        starts = [0, cuts[0], cuts[0] + cuts[1]]
        assert host.asked == [(path, f"bytes={at}-" if at else "") for at in starts]


def test_whom_nobody_vouches_for_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, secured = authority(tmp_path)
    others = tmp_path / "others"
    others.mkdir()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority(others)[0]))
    with Host(secured) as host:
        host.files["/talk.wav"] = File(FILES["/talk.wav"])
        with pytest.raises(UnreadableInput, match=r"(?i)certificate") as told:
            words(f"{host.url}/talk.wav")
        assert len(str(told.value).splitlines()) == 1
        assert host.asked == []
