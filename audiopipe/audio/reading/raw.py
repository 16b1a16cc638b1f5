"""Samples in a file without any header: nothing but the name tells what they are."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import IO

from audiopipe.audio.reading.source import AudioSource
from audiopipe.audio.reading.tagging import HEAD_BYTES, begins_recording, is_tag
from audiopipe.errors import UnreadableInput

_COMPANDED = {
    **dict.fromkeys((".ul", ".ulaw", ".mulaw", ".pcmu"), "mulaw"),
    **dict.fromkeys((".al", ".alaw", ".pcma"), "alaw"),
}
"""ITU-T G.711, which is 8 kHz and mono where nothing else is said."""

_CODED = {
    ".g722": "g722",
    ".sbc": "sbc",
    ".msbc": "sbc",
    ".tco": "g723_1",
    ".rco": "g723_1",
    ".aptx": "aptx",
    ".aptxhd": "aptx_hd",
}
"""Frames that ffmpeg knows by the ending alone; the codec tells the rate."""

_UNTOLD = frozenset(
    {".raw", ".pcm", ".sw", ".sb", ".ub", ".uw", ".s8", ".s16", ".s16le", ".s24", ".f32", ".sln"}
)
"""Samples of whatever rate and size."""


def raw_format(source: AudioSource, name: str | None, file: IO[bytes]) -> str | None:
    """How ffmpeg calls the samples of a file without a header; None for any other file.

    Args:
        source, name: of which the ending is looked at.
        file: seekable; its position is 0 afterwards.

    Raises:
        UnreadableInput: raw samples of which nothing tells the rate.
    """
    path = name or (os.fsdecode(source) if isinstance(source, str | os.PathLike) else "")
    ending = PurePath(path or getattr(source, "name", "") or "x").suffix.lower()
    known = _COMPANDED | _CODED
    if ending not in known and ending not in _UNTOLD:
        return None
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if is_tag(head) or begins_recording(head):
        return None
    if ending in _UNTOLD:
        raise UnreadableInput(
            f"{path} holds samples without a header, so that nothing tells their rate: "
            f"make a WAV of them first, or name G.711 at 8 kHz .ul or .al"
        )
    return known[ending]
