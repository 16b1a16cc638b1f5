"""What became of a recording: its parts stitched, or the error that prevented it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audiopipe.audio.voiceprint import Prints
from audiopipe.errors import AudiopipeError, BackendError
from audiopipe.pipeline.intake import End
from audiopipe.stages.finish.channels import merge_channels
from audiopipe.stages.finish.drop import drop
from audiopipe.stages.finish.glossary import Replacement
from audiopipe.stages.finish.replace import replace_words
from audiopipe.stages.flag import flag_languages
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.stages.speakers import Told, Voices, tell_speakers
from audiopipe.stages.speakers.linked import linked
from audiopipe.stages.stitch import stitch
from audiopipe.values.audio import Span
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import (
    ChunkFailure,
    ChunkTranscript,
    Failure,
    Segment,
    Source,
    Transcript,
)

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a transcript, or the error that prevented it.

    Attributes:
        spent: what this run paid; answers of earlier runs cost nothing.
        cached_chunks: chunks that were answered from an earlier run.
        voices: of the speakers that were told apart, by their names.
    """

    source: Any
    transcript: Transcript | None = None
    error: AudiopipeError | None = None
    spent: Usage = field(default_factory=Usage)
    cached_chunks: int = 0
    voices: Voices = field(default_factory=dict, repr=False)

    def result(self) -> Transcript:
        """The transcript.

        Raises:
            AudiopipeError: what prevented it.
        """
        if self.error:
            raise self.error
        assert self.transcript is not None
        return self.transcript


@dataclass(frozen=True, slots=True)
class Recognised:
    """What became of a part; it had to be cut smaller if there are several results.

    Attributes:
        prints: whose voices it holds; None where nobody wants to know.
    """

    number: int
    channel: int
    results: tuple[ChunkTranscript | ChunkFailure, ...]
    prints: Prints | None = None


@dataclass(frozen=True, slots=True)
class Assembly:
    """How the parts of a recording become its transcript.

    Attributes:
        request: what was asked of each chunk.
        backend: name of who recognised.
        thresholds: of the flags.
        dropped: kinds of flags whose text is struck.
        replacements: made in the whole text.
        speakers: how many there are, or `auto`; "" where nobody wants to know.
    """

    request: Request
    backend: str
    thresholds: Thresholds
    dropped: frozenset[str]
    replacements: tuple[Replacement, ...]
    speakers: str

    def outcome(self, end: End, heard: Sequence[Recognised], known: Voices) -> Outcome:
        """The stitched whole; an error if nothing at all was recognised.

        Args:
            end: of the recording.
            heard: its parts.
            known: voices that have names.
        """
        results = [result for each in heard for result in each.results]
        if end.error and not results:
            return Outcome(end.source, error=end.error)
        good = [result for result in results if isinstance(result, ChunkTranscript)]
        spent = sum((result.spent for result in good), Usage())
        cached = sum(result.cached for result in good)
        failed = [result.reason for result in results if isinstance(result, ChunkFailure)]
        if failed and not good:
            return Outcome(end.source, error=BackendError(f"{end.name}: {failed[0]}"))
        duration_s = max((result.window.core.end_s for result in results), default=0.0)
        source = Source(end.name, end.sha256, duration_s)
        transcript = merge_channels(
            [
                self._stitched(_of_channel(heard, channel), source)
                for channel in sorted({each.channel for each in heard})
            ]
        )
        losses = end.losses
        if end.error:
            losses += (Failure(Span(duration_s, duration_s), str(end.error)),)
        transcript = replace(transcript, failures=transcript.failures + losses)
        told = self._told(transcript, [each.prints for each in heard if each.prints], known)
        return Outcome(end.source, told.transcript, None, spent, cached, told.voices)

    def _told(self, transcript: Transcript, prints: Sequence[Prints], known: Voices) -> Told:
        """With its speakers, if they are wanted."""
        if not self.speakers:
            return Told(transcript)
        count = None if self.speakers == "auto" else int(self.speakers)
        return tell_speakers(transcript, prints, count, known)

    def settled(self, heard: Sequence[Recognised], from_s: float) -> tuple[Segment, ...]:
        """The segments between a time and the start of what the last part alone heard; those are
        as they will stand in the whole.

        Args:
            heard: the last parts of a recording's only channel, in order.
            from_s: the end of what was settled before.
        """
        results = list(_of_channel(heard, 0))
        if any(each.speaker for r in results for each in getattr(r, "segments", ())):
            return ()  # who they are is known when the whole is
        until_s = results[-1].window.core.start_s
        whole = self._stitched(results, Source("", "", results[-1].window.span.end_s))
        return tuple(
            segment
            for segment in whole.segments
            if from_s <= segment.span.start_s and segment.span.end_s <= until_s
        )

    def _stitched(
        self, results: Iterable[ChunkTranscript | ChunkFailure], source: Source
    ) -> Transcript:
        """One channel's transcript, without the text that the settings strike."""
        flagged = flag_languages(linked(results), thresholds=self.thresholds)
        heard = stitch(flagged, source, self.request, self.backend)
        whole = replace_words(heard, self.replacements)
        kept = drop(whole, self.dropped)
        if gone := len(whole.segments) - len(kept.segments):
            kinds = ", ".join(sorted(self.dropped))
            _log.info("%s: %d segments dropped as %s", source.name, gone, kinds)
        return kept


def _of_channel(
    heard: Iterable[Recognised], channel: int
) -> Iterator[ChunkTranscript | ChunkFailure]:
    """The results of a channel, numbered anew: a chunk that was cut smaller is several."""
    results = (result for each in heard if each.channel == channel for result in each.results)
    for index, result in enumerate(results):
        yield replace(result, window=replace(result.window, index=index))
