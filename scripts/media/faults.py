"""Faults that any file can have: in its bytes, in its clock, in what stands beside its sound."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.error import FFmpegError

from media.case import Case
from media.formats import Form, NotMade, make, run_ffmpeg
from media.listen import theirs
from media.tonecode import RATE_HZ, Samples, Spoken, layout, spoken

WORDS = 14
JOINED = 32
"""Number of the first word of what is joined on."""

LATE_S, GAP_S, HOUR_S = 1.5, 2.0, 3700.0
HURT = 0.45
"""Where, as a share of the file, damage is done."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A sound file of a form, from which others are made.

    Attributes:
        share: which part of the faults is made, 0 to 1; always the same ones.
    """

    form: Form
    path: Path
    words: tuple[Spoken, ...]
    command: str
    share: float = 1.0

    def wants(self, fault: str) -> bool:
        """Whether a fault is among those that are made."""
        return random.Random(f"{self.form.name} {fault}").random() < self.share

    def case(self, fault: str, made_by: str, **known: Any) -> Case:
        """What is known of a file that was made from this one."""
        name = f"{self.form.name}.{fault}.{self.form.ending}"
        return Case(name, self.form.name, fault, made_by, **{"words": self.words, **known})

    def written(self, fault: str, data: bytes, made_by: str, **known: Any) -> Case:
        """A case whose bytes are given."""
        case = self.case(fault, f"{self.command}; then {made_by}", **known)
        self.path.with_name(case.name).write_bytes(data)
        return case


def whole(form: Form, folder: Path, *, channels: int = 1, first: int = 0) -> Whole:
    """A file without fault.

    Raises:
        NotMade: it cannot be made here.
    """
    words = _spoken_into(form, first)
    path = folder / f"{form.name}.whole.{form.ending}"
    samples = np.repeat(spoken(words, form.rate_hz)[:, np.newaxis], channels, axis=1)
    return Whole(form, path, words, make(form, samples, path))


def timed(base: Whole) -> Whole:
    """The same, with words where ffmpeg hears them if no header tells of the codec's delay; those
    that it hears, for some rates have too few bits.
    """
    right = theirs(base.path) if base.form.delays else None
    if right is None or not right.plain_words:
        return base
    return replace(base, words=right.plain_words)


def in_bytes(base: Whole) -> Iterator[Case]:
    """Cut, holed, noisy, shortened, doubled, and with something in front or behind."""
    data = base.path.read_bytes()
    at, span = round(len(data) * HURT), max(600, len(data) // 25)
    noise = random.Random(base.form.name).randbytes(span)
    hurt = {
        "cut": (data[: len(data) * 6 // 10], "the last 40 % cut off"),
        "cut-tail": (data[: -max(64, len(data) // 50)], "the last 2 % cut off"),
        "zeros": (data[:at] + bytes(span) + data[at + span :], f"zeros in {at}:{at + span}"),
        "noise": (data[:at] + noise + data[at + span :], f"noise in {at}:{at + span}"),
        "removed": (data[:at] + data[at + span :], f"bytes {at}:{at + span} removed"),
        "doubled": (data[:at] + data[at - span :], f"bytes {at - span}:{at} twice"),
    }
    for fault, (bytes_, made_by) in hurt.items():
        if not base.wants(fault):
            continue
        known = {} if fault != "doubled" else {"words": (), "perhaps": _numbers(base.words)}
        yield base.written(fault, bytes_, made_by, exact=False, whole=False, **known)
    size = 2000
    id3 = b"ID3\x04\0\0" + bytes([0, 0, size >> 7, size & 127]) + bytes(size)
    unhurt = {
        "tail-zeros": (data + bytes(4096), "4096 zeros behind"),
        "tail-tag": (data + b"TAG" + b"Title".ljust(125, b"\0"), "an ID3v1 tag behind"),
    }
    if base.form.muxer not in _RAW:
        unhurt["head-id3"] = id3 + data, "an ID3v2 tag in front"
    if base.form.muxer in ("wav", "flac", "wv", "tta", "caf", "ipod", "ogg"):
        unhurt["head-tags"] = id3 + _APE + data, "tags of ID3v2 and APEv2 in front"
    for fault, (bytes_, made_by) in unhurt.items():
        if base.wants(fault):
            yield base.written(fault, bytes_, made_by)


_RAW = frozenset("mulaw alaw gsm g722 sbc latm mpeg vob".split())
"""Which nothing tells but what follows, or that ffmpeg looks for behind anything."""

_APE = b"APETAGEX" + struct.pack("<4I8x", 2000, 32, 0, 0xA000_0000)
_APE += b"APETAGEX" + struct.pack("<4I8x", 2000, 32, 0, 0x8000_0000)


def joined(base: Whole) -> Iterator[Case]:
    """One recording behind another, of the same and of another kind."""
    if not base.form.joins:
        return
    data = base.path.read_bytes()
    first = theirs(base.path)
    length_s = len(first.plain) / RATE_HZ if first else 0.0
    kinds = {"same": (base.form.rate_hz, 1)}
    if base.form.checked:  # else nothing tells where another kind begins
        kinds["stereo"] = (base.form.rate_hz, 2)
        kinds["rate"] = (24_000 if base.form.rate_hz != 24_000 else 48_000, 1)
    for kind, (rate_hz, channels) in kinds.items():
        if not base.wants(f"joined-{kind}"):
            continue
        form = replace(base.form, name=f"{base.form.name}-{kind}-part", rate_hz=rate_hz)
        try:
            part = timed(whole(form, base.path.parent, channels=channels, first=JOINED))
        except NotMade:
            continue
        later = [replace(word, start_s=word.start_s + length_s) for word in part.words]
        known: dict[str, Any] = {"exact": False, "words": (*base.words, *later)}
        if not length_s:
            known = {"exact": False, "perhaps": _numbers(part.words)}
        made_by = f"{kind} joined on: {part.command}"
        yield base.written(f"joined-{kind}", data + part.path.read_bytes(), made_by, **known)
        part.path.unlink()


def in_clock(base: Whole) -> Iterator[Case]:
    """Gaps, lost packets, a late first packet, and an hour between two halves."""
    if not base.form.clock or base.form.muxer == "ogg":  # `surgery` has its own for pages
        return
    half_s = base.words[WORDS // 5 * 5].start_s - 0.2
    shifts: dict[str, Callable[[float], float | None]] = {
        "stamped-late": lambda at_s: LATE_S,
        "gap": lambda at_s: GAP_S if at_s >= half_s else 0.0,
        "lost": lambda at_s: None if half_s <= at_s < half_s + 0.6 else 0.0,
    }
    if base.form.name in ("mkv-opus", "webm-vorbis", "m4a-aac", "ts-aac"):
        shifts["hour"] = lambda at_s: HOUR_S if at_s >= half_s else 0.0
    for fault, shift in shifts.items():
        if not base.wants(fault):
            continue
        words = tuple(
            replace(word, start_s=word.start_s + (shift(word.start_s) or 0.0))
            for word in base.words
            if shift(word.start_s) == shift(word.end_s) is not None
        )
        if fault == "stamped-late":
            words = base.words
        case = base.case(
            fault,
            f"{base.command}; then packets stamped anew by PyAV",
            words=words,
            exact=False,
        )
        try:
            _restamped(base.path, base.path.with_name(case.name), base.form, shift)
        except (FFmpegError, ValueError):
            base.path.with_name(case.name).unlink(missing_ok=True)
            continue
        yield case


def copied(base: Whole) -> Iterator[Case]:
    """Cut by ffmpeg without coding anew: edit lists, and clocks that begin elsewhere."""
    for fault, before, behind in (
        ("copy-from", ["-ss", "1.3"], []),
        ("copy-until", [], ["-t", "2.9"]),
        ("copy-within", ["-ss", "1.3"], ["-t", "2.9"]),
    ):
        if not base.wants(fault):
            continue
        name = base.case(fault, "").name
        path = base.path.with_name(name)
        source = [*before, "-i", str(base.path)]
        try:
            command = run_ffmpeg(*source, "-c", "copy", *behind, "-f", base.form.muxer, str(path))
        except NotMade:
            path.unlink(missing_ok=True)
            continue
        made_by = f"{base.command}; then {command}"
        yield base.case(fault, made_by, words=(), perhaps=_numbers(base.words), exact=False)


def encrypted(base: Whole) -> Iterator[Case]:
    """Common encryption, whose samples are noise without the key."""
    if base.form.muxer not in ("mp4", "ipod", "mov") or not base.wants("encrypted"):
        return
    key = ["-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"]
    key += ["-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
    case = base.case("encrypted", "", refused="encrypt")
    path = base.path.with_name(case.name)
    scheme = ["-encryption_scheme", "cenc-aes-ctr", *key]
    try:
        made_by = run_ffmpeg("-i", str(base.path), "-c", "copy", *scheme, "-f", "mp4", str(path))
    except NotMade:
        path.unlink(missing_ok=True)
        return
    yield replace(case, made_by=f"{base.command}; then {made_by}")


_PICTURES = {
    "matroska": "mpeg4",
    "webm": "libvpx",
    "ogg": "libtheora",
    "asf": "msmpeg4",
    "flv": "flv",
    "f4v": "mpeg4",
    "mpegts": "mpeg2video",
    "mpeg": "mpeg1video",
    "vob": "mpeg2video",
    "mxf_opatom": "mpeg2video",
}


def beside_video(base: Whole) -> Iterator[Case]:
    """Sound that begins later than the pictures, before them, or ends long before them."""
    if not base.form.clock and base.form.muxer != "mxf_opatom":
        return
    codec = _PICTURES.get(base.form.muxer, "mpeg4")
    muxer = {"ipod": "mp4", "mxf_opatom": "mxf"}.get(base.form.muxer, base.form.muxer)
    wave = base.path.with_suffix(".master.wav")
    soundfile.write(wave, spoken(base.words, base.form.rate_hz), base.form.rate_hz, "FLOAT")
    for fault, picture_s, sound_s, length_s in (
        ("video", 0.0, 0.0, 5),
        ("audio-late", 0.0, LATE_S, 7),
        ("audio-early", 1.0, 0.0, 5),
        ("video-longer", 0.0, 0.0, 11),
    ):
        if not base.wants(fault):
            continue
        words = tuple(replace(word, start_s=word.start_s + sound_s) for word in base.words)
        # AVI has no place for a late beginning; and a delay that no header tells may vary.
        exact = base.form.muxer != "avi" and not base.form.delays
        known: dict[str, Any] = {"words": words, "exact": exact}
        if muxer == "mxf":  # which has no place for a late beginning, and ends with its pictures
            known = {"words": (), "perhaps": _numbers(base.words)}
        case = base.case(fault, "", **known)
        source = f"testsrc=size=64x48:rate=25:duration={length_s}"
        arguments = ["-itsoffset", str(picture_s), "-f", "lavfi", "-i", source]
        arguments += ["-itsoffset", str(sound_s), "-i", str(wave), "-map", "0", "-map", "1"]
        options = [text for key, value in base.form.options.items() for text in (f"-{key}", value)]
        arguments += ["-c:v", codec, "-c:a", base.form.codec, "-ar", str(base.form.rate_hz)]
        path = base.path.with_name(case.name)
        try:
            made_by = run_ffmpeg(*arguments, *options, "-f", muxer, str(path))
        except NotMade:
            path.unlink(missing_ok=True)
            continue
        yield replace(case, made_by=made_by)
    wave.unlink()


def silent_channels(plain: Whole) -> Iterator[Case]:
    """Stereo whose mix cancels, or of which one channel is off, quiet, or holds an offset."""
    voice: Samples = spoken(_spoken_into(plain.form), plain.form.rate_hz)
    off = np.zeros_like(voice)
    kinds = {
        "cancels": (voice, -voice),
        "cancels-nearly": (voice, -0.97 * voice),
        "left-off": (off, voice),
        "right-off": (voice, off),
        "offset": (voice + 0.01, voice + 0.01),
    }
    for fault, channels in kinds.items():
        case = plain.case(fault, "")
        if not plain.wants(fault):
            continue
        samples = np.stack(channels, axis=1).astype(np.float32)
        try:
            command = make(plain.form, samples, plain.path.with_name(case.name))
        except NotMade:
            continue
        yield replace(case, made_by=command)


def odd_layouts(plain: Whole) -> Iterator[Case]:
    """Many channels, and rates that few use."""
    for channels in (2, 3, 6, 7, 8, 16):
        yield from _odd(plain, f"{channels}-channels", plain.form.rate_hz, channels)
    for rate_hz in (8_000, 11_025, 24_000, 37_800, 96_000, 192_000):
        if rate_hz != plain.form.rate_hz:
            yield from _odd(plain, f"{rate_hz}-hz", rate_hz, 1)


def _odd(plain: Whole, fault: str, rate_hz: int, channels: int) -> Iterator[Case]:
    if not plain.wants(fault):
        return
    # what encoders of MP3 take for 8 kHz leaves some words out
    more = {"b:a": "64000"} if (plain.form.codec, rate_hz) == ("libmp3lame", 8_000) else {}
    name, options = f"{plain.form.name}.{fault}", {**plain.form.options, **more}
    form = replace(plain.form, name=name, rate_hz=rate_hz, options=options)
    try:
        made = timed(whole(form, plain.path.parent, channels=channels))
    except NotMade:
        return
    case = plain.case(fault, made.command, words=made.words)
    made.path.rename(made.path.with_name(case.name))
    yield case


def _spoken_into(form: Form, first: int = 0) -> tuple[Spoken, ...]:
    """Decoders of WMA drop two frames, of which one holds sound: its words begin later."""
    return tuple(layout(WORDS, first=first, start_s=0.25 if form.muxer == "asf" else 0.02))


def _numbers(words: Iterable[Spoken]) -> tuple[int, ...]:
    return tuple(word.number for word in words)


def _restamped(
    source: Path, target: Path, form: Form, shift: Callable[[float], float | None]
) -> None:
    """The same packets with other times; those shifted by None are left out."""
    with (
        av.open(str(source)) as old,
        av.open(str(target), "w", format=form.muxer, options=dict(form.options)) as new,
    ):
        track = old.streams.audio[0]
        copy: Any = new.add_stream_from_template(track)
        start = track.start_time or 0
        for packet in old.demux(track):
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            shift_s = shift(float((packet.pts - start) * packet.time_base))
            if shift_s is None:
                continue
            ticks = round(shift_s / packet.time_base)
            packet.pts, packet.dts, packet.stream = packet.pts + ticks, packet.dts + ticks, copy
            new.mux(packet)
