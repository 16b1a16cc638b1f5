"""One finished file from samples as they come: even loudness, no clipped peak, tags, chapters."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Self

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.stream import Disposition
from numpy.typing import NDArray

from audiopipe.audio.filters import filtered
from audiopipe.errors import OutputError, UsageError
from audiopipe.store.files import replacing
from audiopipe.text.clocks import clock, milliseconds
from audiopipe.values.audio import Chapter

LOUDNESS_LUFS = -16.0
"""What podcast players are set for; integrated, by ITU-R BS.1770."""

_PEAK = 10 ** (-3.0 / 20)
"""-3 dBFS: AAC at 64 kbit/s overshot it by up to 1.7 dB in an hour of speech, and -1 dBFS is what
players ask for."""

_NEAR_LU = 0.1
_MOST_GAIN_DB = 40.0
_BLOCK_SAMPLES = 1 << 16


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a file is written: ffmpeg's names of the container and the encoder, and their settings.

    `rates_hz` is empty where the encoder takes any rate that voices have. With `comments` chapters
    are Vorbis comments, which ffmpeg itself rounds to the wrong second. `gain_db` gives back what
    the encoder takes: LAME scales all it is given by 0.95. `tags` are those of the kind itself.
    """

    container: str
    encoder: str
    bit_rate: int | None = None
    options: tuple[tuple[str, str], ...] = ()
    rates_hz: tuple[int, ...] = ()
    comments: bool = False
    gain_db: float = 0.0
    has_cover: bool = False
    tags: tuple[tuple[str, str], ...] = ()


KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        ".wav": _Kind("wav", "pcm_s16le"),
        ".flac": _Kind("flac", "flac", comments=True),
        ".mp3": _Kind("mp3", "libmp3lame", 64_000, gain_db=0.446, has_cover=True),
        ".m4a": _Kind(
            "mp4",
            "aac",
            64_000,
            (("movflags", "+faststart"), ("brand", "M4A ")),
            has_cover=True,
        ),
        ".opus": _Kind(
            "opus", "libopus", 32_000, rates_hz=(8000, 12000, 16000, 24000, 48000), comments=True
        ),
        ".m4b": _Kind(
            "mp4",
            "aac",
            64_000,
            (("movflags", "+faststart"), ("brand", "M4B ")),
            has_cover=True,
            tags=(("media_type", "2"),),  # an audiobook, to players that ask
        ),
    }
)
"""What can be written, by the ending of the file. Bit rates are for one voice, mono."""


class Master:
    """Takes the samples of a file, and writes it when all are there. A context.

    The samples wait in an unnamed temporary file beside the result, 2 bytes each, so that memory
    does not grow with the length.

    Args:
        path: the file to write; its ending is one of `KINDS`.
        rate_hz: of the samples.

    Attributes:
        rate_hz: of the samples.
        samples: how many there are so far.

    Raises:
        OutputError: nothing can be written there.
    """

    def __init__(self, path: Path, rate_hz: int) -> None:
        self._path = path
        self.rate_hz = rate_hz
        self._kind = KINDS[path.suffix.lower()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._raw: IO[bytes] = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115
        except OSError as error:
            raise _unwritable(path, error) from error
        self.samples = 0

    def write(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, shape (n,), full scale -1..1.

        Raises:
            OutputError: there is no space left.
        """
        exact = (samples * 32767).round().clip(-32768, 32767).astype("<i2")
        try:
            self._raw.write(exact.tobytes())
        except OSError as error:
            raise _unwritable(self._path, error) from error
        self.samples += len(samples)

    def finish(
        self, tags: Mapping[str, str], chapters: Sequence[Chapter], cover: bytes = b""
    ) -> None:
        """Write the file, whole or not at all; what stands there is replaced.

        Args:
            tags: by ffmpeg's names, such as `title` and `artist`.
            chapters: in order.
            cover: a picture that `require_cover` has passed; b"" for none.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            with replacing(self._path) as temporary:
                self._encode(temporary, self._gain_db(), tags, chapters, cover)
        except (OSError, FFmpegError) as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Give up the temporary file. Closing twice is harmless."""
        self._raw.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _gain_db(self) -> float:
        """What brings the loudness to its target, the limiter's share included."""
        gain_db = 0.0
        # the limiter takes some loudness away: a second look makes up for it
        for _ in range(3):
            measured = _loudness_lufs(self._frames(), self.rate_hz, gain_db)
            if measured is None or abs(LOUDNESS_LUFS - measured) < _NEAR_LU:
                break
            gain_db = min(gain_db + LOUDNESS_LUFS - measured, _MOST_GAIN_DB)
        return gain_db

    def _encode(
        self,
        path: Path,
        gain_db: float,
        tags: Mapping[str, str],
        chapters: Sequence[Chapter],
        cover: bytes,
    ) -> None:
        kind = self._kind
        fitting = [rate for rate in kind.rates_hz if rate >= self.rate_hz]
        with av.open(str(path), "w", format=kind.container, options=dict(kind.options)) as out:
            stream: Any = out.add_stream(
                kind.encoder, rate=min(fitting, default=self.rate_hz), layout="mono"
            )
            if kind.bit_rate:
                stream.bit_rate = kind.bit_rate
            out.metadata.update({**dict(kind.tags), **tags})
            picture = _add_picture(out, cover) if cover and kind.has_cover else None
            if kind.comments:
                out.metadata.update(_comments(chapters))
            else:
                out.set_chapters([_chapter(number, each) for number, each in enumerate(chapters)])
            if picture:
                out.start_encoding()
                out.mux(picture)
            filters = [*_levelled(gain_db), ("volume", f"{kind.gain_db}dB")]
            for frame in filtered(self._frames(), self.rate_hz, filters):
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))

    def _frames(self) -> Iterator[AudioFrame]:
        self._raw.seek(0)
        at = 0
        while data := self._raw.read(2 * _BLOCK_SAMPLES):
            frame = AudioFrame.from_ndarray(np.frombuffer(data, "<i2")[np.newaxis], "s16", "mono")
            frame.sample_rate, frame.pts = self.rate_hz, at
            frame.time_base = Fraction(1, self.rate_hz)
            at += frame.samples
            yield frame


def require_cover(cover: bytes, ending: str) -> None:
    """Raises UsageError for a picture that is none, or a file that cannot hold one."""
    if not KINDS[ending.lower()].has_cover:
        fitting = " ".join(name for name, kind in KINDS.items() if kind.has_cover)
        raise UsageError(f"a {ending} file holds no cover: choose from {fitting}")
    _size_of(cover)


def _size_of(cover: bytes) -> tuple[str, int, int]:
    """The kind of a picture by its codec's name, its width and its height.

    Raises:
        UsageError: it is no JPEG and no PNG.
    """
    try:
        with av.open(io.BytesIO(cover)) as file:
            context = file.streams.video[0].codec_context
            kind, width, height = context.name, context.width, context.height
    except (FFmpegError, IndexError) as error:
        raise UsageError(f"the cover is no picture: {error}") from error
    if kind not in ("mjpeg", "png") or not width or not height:
        raise UsageError(f"the cover must be JPEG or PNG, not {kind}")
    return kind, width, height


def _add_picture(out: Any, cover: bytes) -> Any:
    """A packet with the picture, for a stream of its own."""
    kind, width, height = _size_of(cover)
    stream = out.add_mux_stream(kind, width=width, height=height)
    stream.disposition = Disposition.attached_pic
    packet = av.Packet(cover)
    packet.stream, packet.pts, packet.dts = stream, 0, 0
    packet.time_base = Fraction(1, 1000)
    return packet


def _levelled(gain_db: float) -> list[tuple[str, str]]:
    """Filters: the gain, then a limiter that looks 5 ms ahead and gives its delay back."""
    limiter = f"limit={_PEAK:.4f}:attack=5:release=50:level=disabled:latency=enabled"
    return [("volume", f"{gain_db:.3f}dB"), ("alimiter", limiter)]


def _loudness_lufs(frames: Iterator[AudioFrame], rate_hz: int, gain_db: float) -> float | None:
    """Integrated loudness behind the filters; None where there is nothing to measure."""
    filters = [*_levelled(gain_db), ("ebur128", "metadata=1")]
    told = ""
    for frame in filtered(frames, rate_hz, filters):
        told = frame.metadata.get("lavfi.r128.I", told)
    measured = float(told or "nan")
    return measured if measured > _FLOOR_LUFS else None


_FLOOR_LUFS = -70.0
"""What the standard leaves out of the measure; a sound of nothing else has no loudness."""


def _chapter(number: int, chapter: Chapter) -> Any:
    return {
        "id": number,
        "start": milliseconds(chapter.span.start_s),
        "end": milliseconds(chapter.span.end_s),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }


def _comments(chapters: Sequence[Chapter]) -> dict[str, str]:
    """Chapters as Xiph's recommendation names them: CHAPTER000, CHAPTER000NAME."""
    comments = {}
    for number, chapter in enumerate(chapters):
        comments[f"CHAPTER{number:03}"] = clock(milliseconds(chapter.span.start_s))
        comments[f"CHAPTER{number:03}NAME"] = chapter.title
    return comments


def _unwritable(path: Path, error: OSError | FFmpegError) -> OutputError:
    return OutputError(
        f"cannot write {path}: {error.strerror or error}; choose another place or free space"
    )
