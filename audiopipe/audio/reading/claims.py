"""What a header says of the length of its sound, held against what the file holds.

The rule of this package, for every format: **the length that a header states is a claim, the end of
the data is the truth**. Writers that stream, crash or overflow leave 0, 0xFFFFFFFF or the length of
an earlier moment; copies are cut. So a file is read to its end, whatever its header says; and where
the header says more than there is, the difference is told as a loss.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from audiopipe.audio.reading.blocks import fragments_claim, voc_claim
from audiopipe.audio.reading.corrected import Claim
from audiopipe.audio.reading.tagging import is_tag, is_tag_or_filling

_MOST_CHUNKS = 10_000
"""Chunks that are walked over before the sound; a broken file may seem to have millions."""

_PLACEHOLDER_BYTES = 0x7FFF_0000
"""Writers that cannot go back to fill in a 32-bit length leave 0 or a value around 2 or 4 GiB."""

_PLACEHOLDER_64_BYTES = 1 << 50
"""And what no file is long, where lengths have 64 bits."""

_METADATA = (
    b"LIST",
    b"id3 ",
    b"ID3 ",
    b"bext",
    b"iXML",
    b"cue ",
    b"smpl",
    b"afsp",
    b"PEAK",
    b"_PMX",
)
"""Chunks that stand behind the sound of a WAV; they are looked for before the file's end."""

_METADATA_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class _Form:
    """How a format lays out its chunks.

    Attributes:
        header: of a chunk, its name and its length, for `struct`.
        first: where the first chunk begins.
        align: chunks begin at multiples of this.
        sound: the name of the chunk that holds the sound.
        counts_header: whether a chunk's length includes its header.
    """

    header: str
    first: int
    align: int
    sound: bytes
    counts_header: bool = False


_GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")
_FORMS = {
    b"RIFF": _Form("<4sI", 12, 2, b"data"),
    b"RIFX": _Form(">4sI", 12, 2, b"data"),
    b"RF64": _Form("<4sI", 12, 2, b"data"),
    b"BW64": _Form("<4sI", 12, 2, b"data"),
    b"FORM": _Form(">4sI", 12, 2, b"SSND"),
    b"caff": _Form(">4sq", 8, 1, b"data"),
    b"riff": _Form("<16sQ", 40, 8, b"data" + _GUID, counts_header=True),
}


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    start: int
    length: int


def claim_of(file: IO[bytes]) -> Claim | None:
    """What the header of WAV, RF64, W64, AIFF, AU or CAF says, and that of an AVI, a VOC or
    fragments of MP4 that break off; None of other formats.

    Args:
        file: seekable; its position is 0 afterwards.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(32)
    try:
        if head[:4] == b".snd" and len(head) > 24:
            return _au_claim(head, size)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return _avi_claim(file, head, size)
        if head[4:8] == b"ftyp":
            return fragments_claim(file, size)
        if head.startswith(b"Creative Voice File"):
            return voc_claim(file, size)
        form = _FORMS.get(head[:4])
        if form and (head[:4] != b"FORM" or head[8:11] == b"AIF"):
            return _chunked_claim(file, form, head[:4], size)
        return None
    finally:
        file.seek(0)


def _au_claim(head: bytes, size: int) -> Claim:
    start, stated = struct.unpack(">II", head[4:12])
    true = max(0, size - start)
    # What goes beyond 32 bits is left open, as the format has it.
    field = struct.pack(">I", min(true, 0xFFFF_FFFF))
    return Claim(_believable(stated, true, 4), true, ((8, field),))


def _avi_claim(file: IO[bytes], head: bytes, size: int) -> Claim | None:
    """Of a file that is cut within its sound; ffmpeg states a share of the length then."""
    form = _FORMS[b"RIFF"]
    lists = [chunk for chunk in _chunks(file, form, form.first, size) if chunk.name == b"LIST"]
    sound = max(lists, key=lambda chunk: chunk.length, default=None)
    stated = _believable(8 + int.from_bytes(head[4:8], "little"), size, 4)
    is_cut = sound and sound.start + sound.length > size
    return Claim(stated, size, ()) if is_cut and stated and stated > size else None


def _chunked_claim(file: IO[bytes], form: _Form, magic: bytes, size: int) -> Claim | None:
    chunks = {}
    for chunk in _chunks(file, form, form.first, size):
        chunks[chunk.name] = chunk
        if chunk.name == form.sound:
            break
    else:
        return None
    width = 8 if magic in (b"caff", b"riff") else 4
    field_at = chunk.start - width
    long_form = chunks.get(b"ds64")
    room = size - chunk.start
    stated = chunk.length
    if long_form and magic in (b"RF64", b"BW64"):
        field_at = long_form.start + 8
        stated, width = _u64(file, field_at), 8
    head_bytes = _u64(file, 16) if magic == b"riff" else size
    believed = _believable(stated, room, width)
    is_whole = believed is not None and _is_followed(file, form, chunk.start + believed, size)
    true = believed if believed is not None and is_whole else _sound_bytes(file, form, chunk, size)
    order = form.header[0]
    held = true + (struct.calcsize(form.header) if form.counts_header else 0)
    most = (1 << (8 * width - (magic == b"caff"))) - 1
    fields = [(field_at, struct.pack(order + ("Q" if width == 8 else "I"), min(held, most)))]
    if long_form:
        fields.append((chunk.start - 4, b"\xff" * 4))
    if magic == b"riff" and head_bytes < size:
        fields.append((16, struct.pack("<Q", size)))
        believed = None if head_bytes < chunk.start else believed
    if magic == b"FORM":
        share = true / believed if believed else 0.0
        fields += _aiff_fields(file, chunks.get(b"COMM"), true, share, size)
    return Claim(believed, true, tuple(fields))


def _believable(stated: int, room: int, width: int) -> int | None:
    """A stated length, or None where it only stands for "not known"."""
    placeholder = _PLACEHOLDER_64_BYTES if width == 8 else _PLACEHOLDER_BYTES
    if stated <= 0 or (stated > room and stated >= placeholder):
        return None
    return stated


def _chunks(file: IO[bytes], form: _Form, at: int, size: int) -> Iterator[_Chunk]:
    width = struct.calcsize(form.header)
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(width)
        if len(head) < width:
            return
        name, length = struct.unpack(form.header, head)
        length -= width if form.counts_header else 0
        yield _Chunk(name, at + width, length)
        if not 0 <= length < size:
            return
        at += width + length
        at += -at % form.align


def _is_followed(file: IO[bytes], form: _Form, end: int, size: int) -> bool:
    """Whether the sound may end there: more chunks follow up to the file's end, or a tag."""
    if end >= size:
        return end == size
    if is_tag_or_filling(file, end):
        return True
    # Some writers forget to fill up to an even length.
    starts = {end, end + -end % form.align}
    return any(_is_chain(file, form, start, size) for start in starts)


def _is_chain(file: IO[bytes], form: _Form, at: int, size: int) -> bool:
    end = at
    for chunk in _chunks(file, form, at, size):
        if is_tag(chunk.name) or not (chunk.name.strip(b"\0") or chunk.length):
            break
        name = chunk.name[:4]
        if chunk.length < 0 or not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        end = chunk.start + chunk.length
    # the last one's filling may be missing, or the copy be cut within it
    rest = size - form.align - struct.calcsize(form.header)
    return at >= size or (end > at and (end >= rest or is_tag_or_filling(file, end)))


def _sound_bytes(file: IO[bytes], form: _Form, sound: _Chunk, size: int) -> int:
    """How much sound there is where the header does not say: all but known chunks behind it."""
    start = max(sound.start, size - _METADATA_BYTES)
    file.seek(start)
    end = file.read(_METADATA_BYTES)
    places = [start + at for name in _METADATA for at in [end.find(name)] if at >= 0]
    ends = [at for at in sorted(places) if form.first == 12 and _is_chain(file, form, at, size)]
    return (ends[0] if ends else size) - sound.start


def _u64(file: IO[bytes], at: int) -> int:
    file.seek(at)
    return int.from_bytes(file.read(8), "little")


def _aiff_fields(
    file: IO[bytes], common: _Chunk | None, true: int, share: float, size: int
) -> Iterator[tuple[int, bytes]]:
    """The length of the whole, and the count of frames where the sound is plain PCM."""
    yield 4, struct.pack(">I", min(size - 8, 0x7FFF_FFFF))
    if common is None:
        return
    file.seek(common.start)
    content = file.read(22)
    if len(content) < 18:
        return
    channels, frames, bits = struct.unpack(">hIh", content[:8])
    kind = content[18:22]
    is_companded = kind.lower() in (b"ulaw", b"alaw")
    is_plain = kind in (b"", b"NONE", b"sowt", b"twos") or common.length == 18 or is_companded
    frame_bytes = channels * (1 if is_companded else (bits + 7) // 8)
    count = (true - 8) // frame_bytes if is_plain and frame_bytes > 0 else round(frames * share)
    yield common.start + 2, struct.pack(">I", max(0, min(count, 0xFFFF_FFFF)))
