"""Tags in front of a recording are no part of it, whatever it is and whoever wrote them."""

from __future__ import annotations

import io
import struct
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.audio import babble, container_file, plain_file

from audiopipe.audio.reading.readers import open_reader, written_tags
from audiopipe.audio.reading.tagging import tag_bytes, untagged
from audiopipe.workflows.inputs.sniff import sort_of


def id3(size: int, *, footer: bool = False, title: str = "") -> bytes:
    """An ID3v2.4 tag whose frames take `size` bytes."""
    text = b"\3" + title.encode()
    frame = b"TIT2" + struct.pack(">IH", len(text), 0) + text if title else b""
    body = frame.ljust(size, b"\0")
    counts = bytes(size >> shift & 127 for shift in (21, 14, 7, 0))
    head = b"\4\0" + (b"\x10" if footer else b"\0") + counts
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def ape(value: str) -> bytes:
    """An APEv2 tag with header and footer."""
    item = struct.pack("<2I", len(value), 0) + b"Title\0" + value.encode()
    ends = (struct.pack("<4I8x", 2000, 32 + len(item), 1, flags) for flags in (0xA0000000, 1 << 31))
    head, foot = (b"APETAGEX" + end for end in ends)
    return head + item + foot


TAGS = st.one_of(
    st.builds(id3, st.integers(0, 300) | st.just(70_000), footer=st.booleans()),
    st.builds(ape, st.text("abc", max_size=50)),
    st.just(b"TAG".ljust(128, b"\0")),
)

KINDS = "wav flac ts aiff caf w64 au ogg opus wv tta m4a mka wma avi flv".split()


@cache
def recording(kind: str) -> bytes:
    sound = babble(1).astype(np.float32)[:, np.newaxis] / np.float32(32768)
    plain = {"ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
    boxes = {
        "wv": ("wv", "wavpack"),
        "tta": ("tta", "tta"),
        "m4a": ("ipod", "aac"),
        "mka": ("matroska", "flac"),
        "wma": ("asf", "wmav2"),
        "avi": ("avi", "pcm_s16le"),
        "flv": ("flv", "adpcm_swf"),
        "ts": ("mpegts", "mp2"),
    }
    if kind in boxes:
        return container_file([sound], 22_050 if kind == "flv" else 16_000, *boxes[kind])
    return plain_file(sound, 16_000, *plain.get(kind, (kind.upper(),)))


def samples(path: Path) -> tuple[np.ndarray, int]:
    with path.open("rb", buffering=0) as file, open_reader(file, "x", None, None) as opened:
        blocks = list(opened.blocks())
        assert not opened.losses
        return np.concatenate(blocks), opened.rate_hz


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_begins_behind_the_tags_in_front_of_it(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tags") / "x"
    path.write_bytes(data := recording(kind))
    whole, rate_hz = samples(path)
    assert len(whole) > 0.6 * rate_hz

    @settings(max_examples=5, deadline=None, derandomize=True)
    @given(st.lists(TAGS, min_size=1, max_size=3))
    def check(tags: list[bytes]) -> None:
        path.write_bytes(b"".join(tags) + data)
        read, _ = samples(path)
        np.testing.assert_array_equal(read, whole)
        assert untagged(io.BytesIO(path.read_bytes())).read() == data

    check()


@given(TAGS, st.binary(max_size=40))
def test_a_tag_ends_where_it_says(tag: bytes, rest: bytes) -> None:
    assert tag_bytes(tag + rest) == len(tag)
    assert sort_of(tag) == "recording" or tag.startswith(b"TAG")


@given(st.binary(max_size=64))
def test_what_is_no_container_is_left_as_it_is(rest: bytes) -> None:
    file = io.BytesIO(id3(20) + b"\xff\xfb" + rest)
    assert untagged(file) is file


def test_what_such_a_tag_says_is_read() -> None:
    file = io.BytesIO(id3(100, title="A talk") + recording("flac"))
    assert written_tags(file, "x").get("title") == "A talk"
