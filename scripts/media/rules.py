"""Differences that are right, each with the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audiopipe.audio.reading.recording import TOLERANCE_S
from media.case import Case
from media.formats import FORMS, Form
from media.judge import EXACT_S, Finding

_FORMS = {form.name: form for form in FORMS}

_ESTIMATE_S = 0.15

_PAGE_S = 1.1
"""Of an Ogg, whose packets come again by the page."""

_DAMAGE = frozenset({"zeros", "noise", "removed", "doubled"})


@dataclass(frozen=True, slots=True)
class Rule:
    """When a difference is right, and why."""

    name: str
    reason: str
    holds: Callable[[Case, Form, Finding], bool]


RULES = (
    Rule(
        "no length",
        "a stream that states no length: nobody can know what would have followed its last byte",
        lambda case, form, found: (
            found.kind in ("untold", "beyond") and case.fault.startswith("cut") and not form.length
        ),
    ),
    Rule(
        "short tail",
        "less than 0.2 s at the end: headers count what encoders pad, and round",
        lambda case, form, found: (
            found.kind == "untold"
            and case.fault == "cut-tail"
            and not form.counts
            and 0 < found.by_s < TOLERANCE_S
        ),
    ),
    Rule(
        "no check",
        "PCM and its like carry no checks: whatever bytes stand there are samples, one by one",
        lambda case, form, found: (
            case.fault in _DAMAGE
            and not form.checked
            and (found.kind != "untold" or case.fault != "removed" or not form.length)
            and (found.kind in ("untold", "beyond") or (found.kind == "shifted" and not form.clock))
        ),
    ),
    Rule(
        "no clock",
        "bytes gone from a stream without clock: how long they lasted is an estimate, if frames "
        "have other sizes, or noise looks like some",
        lambda case, form, found: (
            found.kind == "shifted"
            and case.fault in _DAMAGE
            and (not form.clock or form.muxer == "avi")
            and (case.fault not in ("zeros", "noise") or not form.constant)
            and found.by_s < (2 if case.fault == "removed" else 1) * _ESTIMATE_S
        ),
    ),
    Rule(
        "joined",
        "what is joined keeps its padding and priming, as in ffmpeg, whose program begins another "
        "filter at the joint, 16 samples earlier",
        lambda case, form, found: (
            found.kind == "shifted"
            and case.fault.startswith("joined")
            and found.by_s < EXACT_S + 16 / form.rate_hz
        ),
    ),
    Rule(
        "twice",
        "bytes that stand twice in a file: frames that come twice are heard twice, or dropped",
        lambda case, form, found: (
            found.kind == "shifted"
            and case.fault == "doubled"
            and found.by_s < (_PAGE_S if form.muxer == "ogg" else 2 * _ESTIMATE_S)
        ),
    ),
    Rule(
        "more bytes",
        "bytes that stand twice among samples without checks are samples; ffmpeg refuses the file",
        lambda case, form, found: (
            found.kind == "longer" and case.fault == "doubled" and not form.checked
        ),
    ),
    Rule(
        "length of the original",
        "ffmpeg copies the original's length into the CAF or FLAC of a part: that promises more",
        lambda case, form, found: (
            found.kind == "phantom"
            and case.fault.startswith("copy")
            and form.muxer in ("caf", "flac")
        ),
    ),
    Rule(
        "one sum",
        "a block of a second with one checksum: which of its samples are right, nobody knows",
        lambda case, form, found: (
            found.kind == "missing"
            and case.fault in _DAMAGE
            and form.codec in ("wavpack", "tta")
            and found.detail.endswith("told as lost")
        ),
    ),
    Rule(
        "borrowed",
        "bytes gone from an MP3 without clock: the word behind them, which had borrowed from "
        "them, comes earlier than its loss is told of",
        lambda case, form, found: (
            found.kind == "beyond"
            and case.fault == "removed"
            and form.codec == "libmp3lame"
            and not form.clock
            and found.as_ffmpeg
        ),
    ),
    Rule(
        "pre-skip",
        "ffmpeg's muxer stamps a late Opus some ms early; so does whoever reads it hear it",
        lambda case, form, found: (
            found.kind == "shifted"
            and case.fault == "audio-late"
            and form.codec == "libopus"
            and found.as_ffmpeg
        ),
    ),
    Rule(
        "overlap",
        "behind packets that are left out Vorbis joins halves of two that are no neighbours, in "
        "ffmpeg too, whose first sample is 3 ms late besides",
        lambda case, form, found: (
            found.kind == "shifted"
            and case.fault == "lost"
            and form.codec == "libvorbis"
            and found.by_s < 4 * EXACT_S
        ),
    ),
    Rule(
        "no tree",
        "bytes that stand twice break the tree of a Matroska: ffmpeg finds pieces by chance",
        lambda case, form, found: (
            found.kind == "missing"
            and case.fault == "doubled"
            and form.muxer in ("matroska", "webm")
            and found.detail.endswith("told as lost")
        ),
    ),
    Rule(
        "nobody reads it",
        "its header is gone, or says of 16 channels what it must not: ffmpeg reads nothing either, "
        "and we say so",
        lambda case, form, found: (
            found.kind == "refused"
            and found.as_ffmpeg
            and (not case.whole or case.fault == "16-channels")
        ),
    ),
)


def explained(case: Case | None, found: Finding) -> str:
    """The name of the rule by which a difference is right; empty for one that is not."""
    form = _FORMS.get(case.form) if case else None
    if case is None or form is None:
        return ""
    return next((rule.name for rule in RULES if rule.holds(case, form, found)), "")
