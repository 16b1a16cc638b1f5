"""Speakers: who says what in a transcript, by the voices of the recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from types import MappingProxyType

from audiopipe.audio.voiceprint import Directions, Prints, has_network, joined
from audiopipe.errors import EngineMissing
from audiopipe.stages.speakers.names import named
from audiopipe.stages.speakers.overlaps import overlaps
from audiopipe.stages.speakers.voices import find_voices
from audiopipe.stages.speakers.words import split_by_voice
from audiopipe.values.transcript import Transcript

Voices = Mapping[str, Directions]
"""Directions by the names of their speakers, shape (256,) each."""


@dataclass(frozen=True, slots=True)
class Told:
    """A transcript that says who speaks, and the voices of those who do."""

    transcript: Transcript
    voices: Voices = field(default_factory=lambda: MappingProxyType({}))


def require_speakers() -> None:
    """Go on, if speakers can be told apart here.

    Raises:
        EngineMissing: what that needs is not installed.
    """
    if not (has_network() and find_spec("scipy")):
        raise EngineMissing(
            "to tell speakers apart needs onnxruntime and scipy; install them with: "
            "pip install 'audiopipe[speakers]'"
        )


def tell_speakers(
    transcript: Transcript, parts: Sequence[Prints], count: int | None, known: Voices
) -> Told:
    """The transcript with a speaker for each segment; what several say is split between words, and
    what they say at once is flagged.

    Args:
        transcript: of one channel, stitched.
        parts: the voices in each chunk's own part.
        count: how many people speak; None where nobody knows.
        known: voices that have names.
    """
    prints = joined(parts)
    voices = find_voices(prints, count)
    if not len(voices):
        return Told(transcript)
    said = list(split_by_voice(transcript.segments, prints, voices, transcript.language))
    order = list(dict.fromkeys(voice for voice, _ in said))
    names = named(order, voices, known)
    segments = tuple(replace(segment, speaker=names[voice]) for voice, segment in said)
    heard = MappingProxyType({names[voice]: voices[voice] for voice in order})
    flags = (*transcript.flags, *overlaps(prints, voices, names))
    in_order = tuple(sorted(flags, key=lambda flag: flag.span.start_s))
    return Told(replace(transcript, segments=segments, flags=in_order), heard)
