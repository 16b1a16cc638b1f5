"""Codecs in containers, and how each is made: by the ffmpeg program, or by its libraries."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.error import FFmpegError

from media.tonecode import Samples

FFMPEG = shutil.which("ffmpeg")


class NotMade(Exception):
    """No encoder or muxer for it here."""


@dataclass(frozen=True, slots=True)
class Form:
    """A codec in a container.

    Attributes:
        name: for people, and the name of its files.
        muxer: ffmpeg's name of the container.
        codec: ffmpeg's name of the encoder.
        rate_hz: of the samples.
        options: of encoder and muxer.
        clock: whether packets carry times that the container keeps.
        joins: whether two files, one behind the other, are one recording.
    """

    name: str
    ending: str
    muxer: str
    codec: str
    rate_hz: int
    options: dict[str, str] = field(default_factory=dict)
    clock: bool = False
    joins: bool = False

    @property
    def checked(self) -> bool:
        """Whether damage can be told from sound."""
        return not self.codec.startswith(("pcm", "adpcm", "libgsm", "g722", "libopencore"))

    @property
    def counts(self) -> bool:
        """Whether the file tells its length to the sample."""
        return self.codec.startswith("pcm") or self.muxer in ("flac", "tta", "wv", "ogg")

    @property
    def constant(self) -> bool:
        """Whether each frame has as many bytes as the others, so that bytes tell times."""
        return self.codec in ("mp2", "ac3", "eac3", "dca", "sbc") or (
            self.codec == "libmp3lame" and "q:a" not in self.options
        )

    @property
    def delays(self) -> bool:
        """Whether its encoder delays the sound by a time that no header tells."""
        primed = self.codec in _PRIMES and not (self.codec == "libopus" and self.muxer in _OPUS)
        return self.codec in _DELAYS or (primed and (self.muxer not in _TELLS or not self.length))

    @property
    def length(self) -> bool:
        """Whether the file tells how long it is."""
        streams = {"write_xing", "live"} & self.options.keys() or "empty_moov" in self.options.get(
            "movflags", ""
        )
        return self.muxer not in _ENDLESS and not streams


def _plain(name: str, ending: str, muxer: str, codec: str, rate_hz: int, **options: str) -> Form:
    return Form(name, ending, muxer, codec, rate_hz, options)


def _box(name: str, ending: str, muxer: str, codec: str, rate_hz: int, **options: str) -> Form:
    return Form(name, ending, muxer, codec, rate_hz, options, clock=True)


def _stream(name: str, ending: str, muxer: str, codec: str, rate_hz: int, **options: str) -> Form:
    return Form(name, ending, muxer, codec, rate_hz, options, joins=True)


def _program(name: str, ending: str, muxer: str, codec: str, rate_hz: int) -> Form:
    return Form(name, ending, muxer, codec, rate_hz, clock=True, joins=True)


def _raw(name: str, ending: str, muxer: str, codec: str, rate_hz: int) -> Form:
    return Form(name, ending, muxer, codec, rate_hz, joins=True)


_ENDLESS = frozenset(
    "mp2 adts latm ac3 eac3 dts truehd mpegts mpeg vob ogg sbc amr gsm g722 mulaw alaw nut "
    "voc".split()
)
"""Containers that do not state how long they are, or, as VOC, only of each block."""

_DELAYS = frozenset(
    "libgsm libgsm_ms libspeex nellymoser g722 sbc wmav1 wmav2 libopencore_amrnb".split()
)
_PRIMES = frozenset("aac libmp3lame mp2 ac3 eac3 libopus dca".split())
_TELLS = frozenset("ipod mp4 mov 3gp mp3".split())
_OPUS = frozenset("matroska webm ogg mp4".split())
"""Codecs with a delay, those that need priming, and containers that tell how much it was."""

FORMS = (
    _plain("wav-s16", "wav", "wav", "pcm_s16le", 16_000),
    _plain("wav-s24", "wav", "wav", "pcm_s24le", 44_100),
    _plain("wav-float", "wav", "wav", "pcm_f32le", 48_000),
    _plain("wav-u8", "wav", "wav", "pcm_u8", 11_025),
    _plain("wav-mulaw", "wav", "wav", "pcm_mulaw", 8_000),
    _plain("wav-alaw", "wav", "wav", "pcm_alaw", 8_000),
    _plain("wav-adpcm-ms", "wav", "wav", "adpcm_ms", 22_050),
    _plain("wav-adpcm-ima", "wav", "wav", "adpcm_ima_wav", 22_050),
    _plain("wav-gsm", "wav", "wav", "libgsm_ms", 8_000),
    Form("wav-mp3", "wav", "wav", "libmp3lame", 44_100),
    _plain("rf64", "wav", "wav", "pcm_s16le", 16_000, rf64="always"),
    _plain("w64", "w64", "w64", "pcm_s16le", 16_000),
    _plain("aiff", "aiff", "aiff", "pcm_s16be", 22_050),
    _plain("aifc-mulaw", "aifc", "aiff", "pcm_mulaw", 8_000),
    _plain("au", "au", "au", "pcm_s16be", 16_000),
    _plain("au-mulaw", "au", "au", "pcm_mulaw", 8_000),
    _plain("caf-pcm", "caf", "caf", "pcm_s16be", 16_000),
    _plain("caf-ima", "caf", "caf", "adpcm_ima_qt", 22_050),
    Form("caf-alac", "caf", "caf", "alac", 44_100),
    Form("caf-opus", "caf", "caf", "libopus", 48_000),
    _plain("voc", "voc", "voc", "pcm_s16le", 16_000),
    Form("flac", "flac", "flac", "flac", 16_000, joins=True),
    Form("flac-44k", "flac", "flac", "flac", 44_100, joins=True),
    Form("ogg-flac", "oga", "ogg", "flac", 16_000, joins=True, clock=True),
    Form("ogg-vorbis", "ogg", "ogg", "libvorbis", 44_100, joins=True, clock=True),
    Form("ogg-opus", "opus", "ogg", "libopus", 48_000, joins=True, clock=True),
    Form("ogg-opus-16k", "opus", "ogg", "libopus", 16_000, joins=True, clock=True),
    Form("ogg-speex", "spx", "ogg", "libspeex", 16_000, joins=True, clock=True),
    Form("mp3", "mp3", "mp3", "libmp3lame", 44_100, joins=True),
    Form("mp3-vbr", "mp3", "mp3", "libmp3lame", 16_000, {"q:a": "6"}, joins=True),
    Form("mp3-8k", "mp3", "mp3", "libmp3lame", 8_000, {"b:a": "64000"}, joins=True),
    _stream("mp3-bare", "mp3", "mp3", "libmp3lame", 44_100, write_xing="0"),
    _stream("mp2", "mp2", "mp2", "mp2", 48_000),
    _box("m4a-aac", "m4a", "ipod", "aac", 44_100),
    _box("m4a-aac-8k", "m4a", "ipod", "aac", 8_000),
    _box("m4a-fast", "m4a", "ipod", "aac", 22_050, movflags="faststart"),
    _box("m4a-alac", "m4a", "ipod", "alac", 44_100),
    _box("mp4-opus", "mp4", "mp4", "libopus", 48_000),
    _box("mp4-opus-16k", "mp4", "mp4", "libopus", 16_000),
    _box("mp4-mp3", "mp4", "mp4", "libmp3lame", 44_100),
    _box("mp4-flac", "mp4", "mp4", "flac", 44_100),
    _box("mp4-fragments", "mp4", "mp4", "aac", 44_100, movflags="empty_moov+frag_every_frame"),
    _box("mov-pcm", "mov", "mov", "pcm_s16le", 44_100),
    _box("3gp-aac", "3gp", "3gp", "aac", 22_050),
    _box("f4v-aac", "f4v", "f4v", "aac", 44_100),
    _box("mkv-aac", "mkv", "matroska", "aac", 44_100),
    _box("mkv-opus", "mkv", "matroska", "libopus", 48_000),
    _box("mkv-mp3", "mkv", "matroska", "libmp3lame", 44_100),
    _box("mkv-pcm", "mkv", "matroska", "pcm_s16le", 16_000),
    _box("mkv-ac3", "mkv", "matroska", "ac3", 48_000),
    _box("mka-flac", "mka", "matroska", "flac", 44_100),
    _box("mka-vorbis", "mka", "matroska", "libvorbis", 44_100),
    _box("webm-opus", "webm", "webm", "libopus", 48_000),
    _box("webm-vorbis", "webm", "webm", "libvorbis", 48_000),
    _box("webm-live", "webm", "webm", "libopus", 48_000, live="1"),
    _program("ts-aac", "ts", "mpegts", "aac", 44_100),
    _program("ts-mp2", "ts", "mpegts", "mp2", 48_000),
    _program("ts-ac3", "ts", "mpegts", "ac3", 48_000),
    _program("ts-opus", "ts", "mpegts", "libopus", 48_000),
    _program("m2ts-ac3", "m2ts", "mpegts", "ac3", 48_000),
    _program("mpg-mp2", "mpg", "mpeg", "mp2", 44_100),
    _program("vob-ac3", "vob", "vob", "ac3", 48_000),
    _stream("aac-adts", "aac", "adts", "aac", 44_100),
    _stream("aac-latm", "latm", "latm", "aac", 44_100),
    _stream("ac3", "ac3", "ac3", "ac3", 48_000),
    _stream("eac3", "eac3", "eac3", "eac3", 48_000),
    _stream("dts", "dts", "dts", "dca", 48_000, strict="-2"),
    _stream("truehd", "thd", "truehd", "truehd", 48_000, strict="-2"),
    Form("wavpack", "wv", "wv", "wavpack", 44_100),
    Form("tta", "tta", "tta", "tta", 44_100),
    _box("wma2", "wma", "asf", "wmav2", 44_100),
    _box("wma1", "wma", "asf", "wmav1", 22_050),
    _box("avi-mp3", "avi", "avi", "libmp3lame", 44_100),
    _box("avi-pcm", "avi", "avi", "pcm_s16le", 16_000),
    _box("avi-ac3", "avi", "avi", "ac3", 48_000),
    _box("flv-aac", "flv", "flv", "aac", 44_100),
    _box("flv-mp3", "flv", "flv", "libmp3lame", 44_100),
    _box("flv-nellymoser", "flv", "flv", "nellymoser", 16_000),
    Form("mxf-pcm", "mxf", "mxf_opatom", "pcm_s16le", 48_000),
    _box("nut-aac", "nut", "nut", "aac", 44_100),
    Form("amr", "amr", "amr", "libopencore_amrnb", 8_000),
    _raw("gsm", "gsm", "gsm", "libgsm", 8_000),
    _raw("g722", "g722", "g722", "g722", 16_000),
    _stream("sbc", "sbc", "sbc", "sbc", 44_100),
    _raw("ulaw", "ul", "mulaw", "pcm_mulaw", 8_000),
    _raw("alaw", "al", "alaw", "pcm_alaw", 8_000),
)

_BIT_RATES = {
    "sbc": 256_000,
    "aac": 64_000,
    "ac3": 96_000,
    "eac3": 96_000,
    "libopus": 32_000,
    "libopencore_amrnb": 12_200,
}


def make(form: Form, samples: Samples, path: Path) -> str:
    """Write samples of shape (n, channels) in a form; gives the command.

    Raises:
        NotMade: there is no encoder for it here.
    """
    try:
        return _by_program(form, samples, path)
    except NotMade:
        path.unlink(missing_ok=True)
    try:
        return _by_library(form, samples, path)
    except NotMade:
        path.unlink(missing_ok=True)
        raise


def run_ffmpeg(*arguments: str) -> str:
    """Run ffmpeg, which gives the command.

    Raises:
        NotMade: it cannot.
    """
    if not FFMPEG:
        raise NotMade("ffmpeg is not installed")
    command = [FFMPEG, "-v", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    if done.returncode:
        raise NotMade(done.stderr[-300:])
    return " ".join(["ffmpeg", *arguments])


def _by_program(form: Form, samples: Samples, path: Path) -> str:
    wave = path.with_suffix(".master.wav")
    soundfile.write(wave, samples, form.rate_hz, "FLOAT")
    options = [
        text
        for key, value in _options(form, samples.shape[1]).items()
        for text in (f"-{key}", value)
    ]
    try:
        return run_ffmpeg(
            *("-i", str(wave), "-map_metadata", "-1", "-fflags", "+bitexact"),
            *("-c:a", form.codec, "-ar", str(form.rate_hz), *options),
            *("-f", form.muxer, str(path)),
        )
    finally:
        wave.unlink()


def _options(form: Form, channels: int) -> dict[str, str]:
    rate = _BIT_RATES.get(form.codec)
    return {**({"b:a": str(rate * channels)} if rate else {}), **form.options}


def _by_library(form: Form, samples: Samples, path: Path) -> str:
    """By ffmpeg's libraries in PyAV, which reads back what it needs no program for."""
    codec = {"libvorbis": "vorbis", "libmp3lame": "libmp3lame"}.get(form.codec, form.codec)
    try:
        with av.open(str(path), "w", format=form.muxer, options=dict(form.options)) as container:
            layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[samples.shape[1]]
            stream: Any = container.add_stream(codec, rate=form.rate_hz, layout=layout)
            if rate := _BIT_RATES.get(form.codec):
                stream.bit_rate = rate
            _encode(container, stream, samples, form.rate_hz, layout)
    except (FFmpegError, ValueError, LookupError) as error:
        raise NotMade(str(error)) from error
    return f"PyAV: {codec} in {form.muxer}, {form.rate_hz} Hz, {samples.shape[1]} channels"


def _encode(container: Any, stream: Any, samples: Samples, rate_hz: int, layout: str) -> None:
    for at in range(0, len(samples), 1024):
        piece = np.ascontiguousarray(samples[at : at + 1024].T)
        frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
        frame.rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
