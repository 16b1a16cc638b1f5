"""The reader over libsndfile: wav, flac, ogg, opus, mp3, aiff and more, at the least CPU."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import IO

import soundfile

from audiopipe.audio.reading.headers import mp3_states_length
from audiopipe.audio.reading.recording import (
    BLOCK_FRAMES,
    TOLERANCE_S,
    Block,
    Recording,
    file_sha256,
    skip_frames,
)
from audiopipe.errors import InputError

_UNKNOWN_FRAMES = 1 << 62
"""libsndfile's frame count is above this where a FLAC header leaves it open."""

_CUT_SHORT = re.compile(r"^ *(?:data|SSND|Data Size) *: (\d+) \(should be (\d+)\)", re.MULTILINE)
"""How libsndfile's log tells that a header promises more bytes than the file has."""

_STREAMED_BYTES = 0x7FFF_0000
"""Lengths from here on stand for "not known" in files that were written to a pipe."""


class PlainRecording(Recording):
    """A file that libsndfile reads; where it gives up half-way, ffmpeg goes on.

    Raises:
        soundfile.LibsndfileError: not a format of libsndfile, or too broken for it.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        # mpg123 reads a frame at a time: through Python each would wait for the other threads.
        descriptor = file.fileno() if isinstance(file, io.FileIO) else file
        self._sound = _Forward(descriptor, closefd=False)
        if self._sound.frames >= _UNKNOWN_FRAMES:
            raise soundfile.LibsndfileError(39, "no length in the header: ")
        guessed = self._sound.format == "MP3" and not mp3_states_length(file)
        duration_s = None if guessed else _promised_s(self._sound)
        super().__init__(name, self._sound.samplerate, self._sound.channels, duration_s)

    def blocks(self) -> Iterator[Block]:
        frames, broken = 0, False
        try:
            while len(block := self._sound.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
                frames += len(block)
                yield block
        except soundfile.LibsndfileError:
            broken = True
        missing_s = (self._sound.frames - frames) / self.rate_hz
        if broken or (missing_s > TOLERANCE_S and self.duration_s is not None):
            yield from self._rescue(frames)
        else:
            self.lose_tail(frames)

    def sha256(self) -> str:
        return file_sha256(self._file)

    def close(self) -> None:
        self._sound.close()

    def _rescue(self, frames: int) -> Iterator[Block]:
        """What ffmpeg can read beyond the first `frames`; then the loss is known."""
        from audiopipe.audio.reading.pyav import ContainerRecording

        try:
            with ContainerRecording(self._file, self.name, track=None) as rest:
                if (rest.rate_hz, rest.channels) == (self.rate_hz, self.channels):
                    for block in skip_frames(rest.blocks(), frames):
                        frames += len(block)
                        yield block
                self.losses.extend(rest.losses)
        except InputError:
            pass
        if not self.losses:
            self.lose_tail(frames)


class _Forward(soundfile.SoundFile):  # type: ignore[misc]
    """Read without a seek after each block, which in an MP3 mutes the frame that follows."""

    def seekable(self) -> bool:
        return False


def _promised_s(sound: soundfile.SoundFile) -> float:
    """Seconds that the header promises, more than the file holds if it was cut short."""
    seconds = float(sound.frames / sound.samplerate)
    cut = _CUT_SHORT.search(sound.extra_info)
    if cut and int(cut[1]) < _STREAMED_BYTES:
        seconds *= int(cut[1]) / max(1, int(cut[2]))
    return seconds
