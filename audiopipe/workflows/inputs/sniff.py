"""What a file is, told from its ending and a look at its first bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from audiopipe.audio.reading.tagging import begins_recording

Sort = Literal["recording", "picture", "text", "archive", "document", "program", "unknown"]

RECORDINGS = frozenset(
    ".3g2 .3gp .aac .ac3 .aif .aifc .aiff .amr .ape .asf .au .avi .caf .dts .f4v .flac .flv .gsm "
    ".m2ts .m4a .m4b .m4r .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mpga .mts .mxf .oga .ogg "
    ".ogv .opus .qta .ra .rm .snd .spx .tta .vob .w64 .wav .wave .bwf .weba .webm .wma .wmv .wv .ts"
    " .ul .ulaw .al .alaw".split()
)
"""Endings of recordings; what has one is taken, and is a failure of its own if it is none."""

_SHARED_ENDINGS = frozenset({".ts", ".mts"})
"""Endings of programs (TypeScript) as well."""

LOOK_BYTES: Final = 4096

_FTYP = {b"avif": "picture", b"heic": "picture", b"heix": "picture", b"mif1": "picture"}

_MAGIC: tuple[tuple[int, bytes, Sort], ...] = (
    (0, b"ID3", "recording"),  # MP3, and others behind a tag
    (0, b"APETAGEX", "recording"),
    (0, b"\x0b\x77", "recording"),  # AC-3
    (0, b"\xff\xd8\xff", "picture"),
    (0, b"\x89PNG\r\n", "picture"),
    (0, b"GIF8", "picture"),
    (0, b"BM", "picture"),
    (0, b"II*\0", "picture"),
    (0, b"MM\0*", "picture"),
    (8, b"WEBP", "picture"),
    (0, b"8BPS", "picture"),
    (0, b"%PDF", "document"),
    (0, b"\xd0\xcf\x11\xe0", "document"),  # of Office before 2007
    (0, b"PK\x03\x04", "archive"),
    (0, b"PK\x05\x06", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ", "archive"),
    (0, b"7z\xbc\xaf", "archive"),
    (0, b"Rar!", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),  # zstd
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"SQLite format 3", "document"),
)
"""Where a mark stands, the mark, and what has it; the first that fits counts."""


def sort_by_name(name: str) -> Sort | None:
    """What a name alone tells; None if it takes a look."""
    ending = Path(name).suffix.lower()
    return "recording" if ending in RECORDINGS - _SHARED_ENDINGS else None


def sort_of(head: bytes) -> Sort:
    """What a file is that begins so; `unknown` is for a reader to tell."""
    if head[4:8] == b"ftyp":
        return "picture" if head[8:12] in _FTYP else "recording"
    if begins_recording(head):
        return "recording"
    for at, mark, sort in _MAGIC:
        if head[at : at + len(mark)] == mark:
            return sort
    if _has_mpeg_frames(head):
        return "recording"
    return "text" if _is_text(head) else "unknown"


def _has_mpeg_frames(head: bytes) -> bool:
    """MP3 or ADTS: a frame's sync that comes again."""
    if head[:1] != b"\xff" or len(head) < 2 or head[1] & 0xE0 != 0xE0:
        return False
    sync = re.escape(bytes([0xFF, head[1]]))
    return len(re.findall(sync, head)) > 1


def _is_text(head: bytes) -> bool:
    """UTF-8 or UTF-16 without controls; a character may be cut at the end."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return True
    for cut in range(4):
        try:
            text = head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text)
    return False
