"""Headers that lie about lengths, and tags and marks that are wrong, byte by byte.

A length that is too small, or left open, loses nothing: the end of the data is the truth. One that
is too large looks like a file that was cut, and may be told of as one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from media import ogg
from media.case import Case
from media.faults import Whole

Change = tuple[str, bytes]
"""A fault and the bytes that have it."""

_SHARES = {"half": 0.5, "none": 0.0, "more": 1.7}


def of_form(base: Whole) -> Iterator[Case]:
    """Every way in which the headers of this form may be wrong."""
    data = base.path.read_bytes()
    for fault, changed in _changes(base.form.muxer, data):
        if changed == data or not base.wants(fault):
            continue
        known = dict(_KNOWN.get(fault.rsplit("-", 1)[-1], {}))
        if fault == "granules-gap":
            known["words"] = ogg.after_gap(data, base.words)
        if fault == "page-renumbered":
            known["words"] = ogg.without_page(data, base.words)
        if known.pop("unsure", False):
            known |= {"words": (), "perhaps": tuple(word.number for word in base.words)}
        yield base.written(fault, changed, fault, **known)


_KNOWN: dict[str, dict[str, Any]] = {
    "more": {"whole": False, "exact": False},
    "hurt": {"whole": False, "exact": False},
    "edit": {"whole": False, "exact": False, "unsure": True},
    "gone": {"exact": False},
    "encrypted": {"refused": "encrypt"},
}
"""What the last word of a fault's name says of it."""


def _changes(muxer: str, data: bytes) -> Iterator[Change]:
    by_muxer: dict[str, Callable[[bytes], Iterator[Change]]] = {
        "wav": _wav,
        "w64": _w64,
        "aiff": _aiff,
        "au": lambda data: _counted(data, "data-size", 8, ">I", unknown=0xFFFFFFFF),
        "caf": _caf,
        "flac": _flac,
        "ogg": ogg.changes,
        "mp3": _mp3,
        "ipod": _mp4,
        "mp4": _mp4,
        "mov": _mp4,
        "3gp": _mp4,
        "f4v": _mp4,
        "matroska": _matroska,
        "webm": _matroska,
        "asf": _asf,
        "avi": _avi,
        "flv": _flv,
        "wv": lambda data: _counted(data, "samples", 12, "<I", unknown=0xFFFFFFFF),
        "mpegts": _transport,
    }
    if muxer in by_muxer:
        yield from by_muxer[muxer](data)


def _put(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def _counted(
    data: bytes, name: str, at: int, kind: str, *, unknown: int | None = None
) -> Iterator[Change]:
    """A number that is too small, nothing, too large, or stands for "not known"."""
    value = struct.unpack_from(kind, data, at)[0]
    for word, share in _SHARES.items():
        wrong = value * share if kind[-1] == "d" else int(value * share) & ~1
        yield f"{name}-{word}", _put(data, at, struct.pack(kind, wrong))
    if unknown is not None:
        yield f"{name}-unknown", _put(data, at, struct.pack(kind, unknown))


def _wav(data: bytes) -> Iterator[Change]:
    at = data.index(b"data") + 4
    if data[:4] == b"RF64":
        place = data.index(b"ds64") + 16
        yield from _counted(data, "ds64-data", place, "<Q", unknown=0)
        zeros = _put(data, place - 8, bytes(24))
        yield "ds64-unfinished", zeros
        return
    yield from _counted(data, "data-size", at, "<I", unknown=0xFFFFFFFF)
    yield from _counted(data, "riff-size", 4, "<I", unknown=0xFFFFFFFF)
    pause = at + 4 + round((len(data) - at) * 0.355)
    yield "data-size-to-pause", _put(data, at, struct.pack("<I", (pause - at) & ~1))
    note = b"LIST" + struct.pack("<I", 3000) + b"INFOISFT" + bytes(2992)
    yield "list-in-front", data[: at - 4] + note + data[at - 4 :]
    yield "list-behind", data + note


def _w64(data: bytes) -> Iterator[Change]:
    at = data.index(b"data\xf3\xac\xd3\x11") + 16
    yield from _counted(data, "data-size", at, "<Q")
    yield from _counted(data, "riff-size", 16, "<Q")


def _aiff(data: bytes) -> Iterator[Change]:
    yield from _counted(data, "ssnd-size", data.index(b"SSND") + 4, ">I")
    yield from _counted(data, "frames", data.index(b"COMM") + 10, ">I")
    crashed = _put(data, data.index(b"SSND") + 4, bytes(4))
    crashed = _put(crashed, data.index(b"COMM") + 10, bytes(4))
    yield "recorder-crashed", _put(crashed, 4, bytes(4))


def _caf(data: bytes) -> Iterator[Change]:
    at = data.index(b"data") + 4
    if b"pakt" not in data:
        yield from _counted(data, "data-size", at, ">q", unknown=-1)
    else:
        packets = data.index(b"pakt") + 12
        yield from _counted(data, "packet-frames", packets + 8, ">q")


def _flac(data: bytes) -> Iterator[Change]:
    """36 bits of STREAMINFO count the samples; its MD5 follows."""
    value = int.from_bytes(data[21:26], "big")
    samples = value & ((1 << 36) - 1)
    for word, share in _SHARES.items():
        other = (value - samples + int(samples * share)).to_bytes(5, "big")
        yield f"samples-{word}", _put(data, 21, other)
    yield "md5-wrong", _put(data, 26, bytes(range(16)))


def _mp3(data: bytes) -> Iterator[Change]:
    mark = max(data.find(b"Xing"), data.find(b"Info"))
    if mark > 0:
        yield from _counted(data, "xing-frames", mark + 8, ">I")
        yield from _counted(data, "xing-bytes", mark + 12, ">I")
        yield "xing-gone", _put(data, mark, bytes(120))
    size = 3000
    id3 = b"ID3\x04\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)
    frame = data.find(b"\xff" + data[_frame(data) + 1 : _frame(data) + 3], len(data) // 2)
    yield "id3-in-the-middle", data[:frame] + id3 + data[frame:]
    yield "id3-twice", id3 + id3 + data
    item = struct.pack("<2I", 5, 0) + b"Title\0Words"
    size = 32 + len(item)
    head = b"APETAGEX" + struct.pack("<4I", 2000, size, 1, 0xA0000000) + bytes(8)
    foot = b"APETAGEX" + struct.pack("<4I", 2000, size, 1, 0x80000000) + bytes(8)
    yield "ape-behind", data + head + item + foot


def _frame(data: bytes) -> int:
    """Place of the first frame, behind a tag."""
    size = 0
    if data[:3] == b"ID3":
        size = 10 + sum(
            byte << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True)
        )
    return data.index(b"\xff", size)


def _mp4(data: bytes) -> Iterator[Change]:
    for box, at, kind in (("mvhd", 20, ">I"), ("tkhd", 24, ">I"), ("mdhd", 20, ">I")):
        place = data.find(box.encode())
        if place > 0:
            yield from _counted(data, f"{box}-duration", place + at, kind)
    edits = data.find(b"elst")
    if edits > 0:
        yield "itunes", _itunes(data)
        yield "elst-gone", _put(data, edits, b"free")
        media = struct.unpack_from(">I", data, edits + 16)[0]
        yield "elst-later-edit", _put(data, edits + 16, struct.pack(">I", media + 8000))
    entry = data.find(b"mp4a")
    if entry > 0 and b"stsd" in data[entry - 20 : entry]:
        yield "drms-encrypted", _put(data, entry, b"drms")
        yield "enca-encrypted", _put(data, entry, b"enca")


def _itunes(data: bytes) -> bytes:
    """With the note that iTunes keeps of priming, padding and length; the track box is the last."""
    moov = data.rindex(b"moov") - 4
    if moov + int.from_bytes(data[moov : moov + 4], "big") != len(data):
        return data
    edit = data.index(b"elst")
    priming = struct.unpack_from(">I", data, edit + 16)[0]
    frames = struct.unpack_from(">I", data, data.index(b"mdhd") + 20)[0] - priming
    padding = -(frames + priming) % 1024
    note = f" 00000000 {priming:08X} {padding:08X} {frames:016X}" + " 00000000" * 8
    mean = _box(b"mean", bytes(4) + b"com.apple.iTunes")
    tag = _box(b"data", struct.pack(">II", 1, 0) + note.encode())
    item = _box(b"----", mean + _box(b"name", bytes(4) + b"iTunSMPB") + tag)
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    extra = _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", item)))
    size = struct.pack(">I", len(data) - moov + len(extra))
    return _put(data, moov, size) + extra


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _matroska(data: bytes) -> Iterator[Change]:
    duration = data.find(b"\x44\x89\x88")
    if duration > 0:
        yield from _counted(data, "duration", duration + 3, ">d")
    for name, mark in (("segment", b"\x18\x53\x80\x67"), ("cluster", b"\x1f\x43\xb6\x75")):
        size = data.index(mark) + 4
        if data[size] == 1:
            yield f"{name}-unknown", _put(data, size, b"\x01" + b"\xff" * 7)
    tag = data.find(b"DURATION")
    if tag > 0:
        clock = data.find(b"00:00:0", tag)
        yield "tag-more", _put(data, clock, b"00:00:9")
        yield "tag-half", _put(data, clock, b"00:00:02")


def _asf(data: bytes) -> Iterator[Change]:
    header = data.index(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365"))
    yield from _counted(data, "play-time", header + 64, "<Q")
    yield from _counted(data, "packets", header + 56, "<Q")
    yield from _counted(data, "file-size", header + 40, "<Q")


def _avi(data: bytes) -> Iterator[Change]:
    yield from _counted(data, "length", data.index(b"strh") + 8 + 32, "<I")
    yield from _counted(data, "frames", data.index(b"avih") + 8 + 16, "<I")
    index = data.find(b"idx1")
    if index > 0:
        yield "index-gone", data[:index]
    movi = data.index(b"movi") - 4
    yield "movi-size-none", _put(data, movi, bytes(4))


def _flv(data: bytes) -> Iterator[Change]:
    at = data.find(b"duration\0")
    if at > 0:
        yield from _counted(data, "duration", at + 9, ">d")
    size = data.find(b"filesize\0")
    if size > 0:
        yield from _counted(data, "filesize", size + 9, ">d")


def _transport(data: bytes) -> Iterator[Change]:
    size = 192 if data[4] == 0x47 and data[0] != 0x47 else 188
    null = b"\x47\x1f\xff\x10".ljust(188, b"\xff")
    if size == 188:
        half = len(data) // 2 // size * size
        yield "null-packets", data[:half] + null * 50 + data[half:]
        yield "garbage-in-front", bytes(range(1, 101)) + data
