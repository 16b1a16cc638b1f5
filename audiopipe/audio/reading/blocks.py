"""Files of blocks of which each states its own length: VOC, and MP4 in fragments.

Where no block begins though the one before has ended, or the last is cut, ffmpeg stops: what stands
behind is lost, by its share of the bytes.
"""

from __future__ import annotations

from itertools import islice
from typing import IO

from audiopipe.audio.reading.boxes import boxes
from audiopipe.audio.reading.corrected import Claim
from audiopipe.audio.reading.tagging import is_tag_or_filling

_MOST_BLOCKS, _MOST_BEFORE = 1_000_000, 100
_VOC_SOUND = frozenset({1, 2, 9})
_VOC_END, _VOC_LAST = 0, 9
_FRAGMENT, _INDEX = (b"moof", b"mdat"), b"mfra"


def voc_claim(file: IO[bytes], size: int) -> Claim | None:
    """Of a VOC whose blocks break off; None of one that is whole.

    Args:
        file: seekable; its position is lost.
        size: of the file.
    """
    file.seek(20)
    start = at = int.from_bytes(file.read(2), "little")
    for _ in range(_MOST_BLOCKS):
        file.seek(at)
        head = file.read(4)
        if len(head) < 4 or head[0] == _VOC_END or head[0] > _VOC_LAST:
            break
        end = at + 4 + int.from_bytes(head[1:], "little")
        if end > size:
            stated = end if head[0] in _VOC_SOUND else size + 1
            return Claim(stated - start, (size if stated == end else at) - start, ())
        at = end
    is_whole = at >= size - 1 or is_tag_or_filling(file, at)
    return None if is_whole else Claim(size - start, max(1, at - start), ())


def is_fragmented(file: IO[bytes]) -> bool:
    """Whether an MP4 is in fragments; the position of the file stays."""
    position = file.tell()
    names = (box.name for box in islice(boxes(file), _MOST_BEFORE))
    first = next((name for name in names if name in _FRAGMENT), b"")
    file.seek(position)
    return first == b"moof"


def fragments_claim(file: IO[bytes], size: int) -> Claim | None:
    """Of an MP4 in fragments whose boxes break off; None of any other.

    Args:
        file: seekable; its position is lost.
        size: of the file.
    """
    at, has_fragments, cut = 0, False, None
    for box in boxes(file):
        if not box.name.isalnum() or box.end > size:
            cut = box
            break
        has_fragments |= box.name == b"moof"
        at = box.end
    if not has_fragments or at >= size or is_tag_or_filling(file, at):
        return None
    if cut and cut.name in _FRAGMENT:
        return Claim(cut.end, size, ())
    return None if cut and cut.name == _INDEX else Claim(size, at, ())
