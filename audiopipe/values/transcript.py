"""What was heard: words, segments, whole transcripts, and what of them not to trust."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiopipe.values.audio import Span, Task, Window
from audiopipe.values.requests import Usage

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it stands in its segment's text, with any space before it.

    `probability` is 0 to 1, None where the server gives none.
    """

    span: Span
    text: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A phrase with the recogniser's own measures of it, each None where the server gives none.

    Attributes:
        span: when it is spoken.
        text: its words, beginning with a space in scripts that put one between words.
        words: empty, or words whose texts joined are exactly `text`.
        seek: start of the 30 s decoding window, in frames of 10 ms from the start of the file.
        tokens: ids of the model's vocabulary.
        temperature: the temperature it was decoded at.
        avg_logprob: mean log-probability of its tokens; -1 is doubtful, 0 is certain.
        compression_ratio: length of the text over its zlib length; above 2.4 is a loop.
        no_speech_prob: 0 to 1, the model's guess that nobody speaks.
        language: ISO 639-1 code, where it is known for the segment.
        speaker: label of the speaker or channel, where it is known.
        breaks: places in the text where its lines may end, where a person's browser told them with
            what he wrote; None where the text is as it was heard.
    """

    span: Span
    text: str
    words: tuple[Word, ...] = ()
    seek: int = 0
    tokens: tuple[int, ...] = ()
    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    language: str | None = None
    speaker: str | None = None
    breaks: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.words and "".join(word.text for word in self.words) != self.text:
            raise ValueError(f"the words do not make up the text {self.text!r}")

    def part(self, keeps: Callable[[Span], bool]) -> Segment | None:
        """What is left if only words at such times are kept; None if nothing is.

        Without word times it is kept or left out whole, by its own time.
        """
        words = tuple(word for word in self.words if keeps(word.span))
        if not words:
            return self if not self.words and keeps(self.span) else None
        if len(words) == len(self.words):
            return self
        span = Span(words[0].span.start_s, words[-1].span.end_s)
        text = "".join(word.text for word in words)
        return replace(self, span=span, text=text, words=words, breaks=None)


@dataclass(frozen=True, slots=True)
class Flag:
    """A passage not to trust.

    Attributes:
        kind: short hyphenated name, such as `low-confidence`.
        span: the passage.
        value: what was measured.
        limit: the threshold that `value` passed.
        detail: one plain sentence: what it means and what to do.
    """

    kind: str
    span: Span
    value: float
    limit: float
    detail: str


@dataclass(frozen=True, slots=True)
class Repair:
    """A passage that was asked about again, because it was not to be trusted.

    Attributes:
        span: the passage.
        kinds: the flags that led to it.
        first: what was heard there at first.
        second: the best of the other answers.
        how: how that one was got, such as `cut elsewhere`.
        replaced: whether `second` stands in the transcript now.
        reason: one plain sentence: why.
    """

    span: Span
    kinds: tuple[str, ...]
    first: str
    second: str
    how: str
    replaced: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ChunkTranscript:
    """What a recogniser heard in one chunk; segments are in file time and in order.

    `usage` is what it took, repairs included, and `spent` the part of it that this run paid:
    answers that were kept from another request cost nothing now. `anomalies` are flags of what in
    the reply cannot be true.
    """

    window: Window
    language: str | None
    segments: tuple[Segment, ...]
    usage: Usage
    flags: tuple[Flag, ...] = ()
    repairs: tuple[Repair, ...] = ()
    spent: Usage = field(default_factory=Usage)
    anomalies: tuple[Flag, ...] = ()

    @property
    def cached(self) -> bool:
        """Whether it cost nothing now."""
        return self.spent == Usage()


@dataclass(frozen=True, slots=True)
class ChunkFailure:
    """A chunk that could not be recognised, and why; it leaves a marked gap."""

    window: Window
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A stretch of the file that has no transcript, and why."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """The recording.

    Attributes:
        name: to show.
        sha256: hash of its bytes, or of its samples.
        duration_s: its length in seconds.
        size_bytes, modified_ns: of its file, the latter since the epoch; 0 where nobody noted it.
    """

    name: str
    sha256: str
    duration_s: float
    size_bytes: int = 0
    modified_ns: int = 0


@dataclass(frozen=True, slots=True)
class Transcript:
    """The whole: what was said in a recording, when, and which of it not to trust.

    Attributes:
        source: the recording.
        task: what was asked.
        language: ISO 639-1 code of the text; None where nobody knows.
        segments: in order, times monotonic and inside the file.
        flags: passages not to trust, in order of their start.
        failures: stretches without a transcript, in order.
        repairs: passages that were asked about again, in order.
        model: the model's id.
        backend: `groq`, `openai` or `local`.
        usage: what it took.
        source_language: code of what most of the recording is in, where the text is a translation
            and that is known.
        asked: the settings that shaped it, name and value; empty where nobody noted them.
        second: the same recording in another language, which subtitles show below the first.
    """

    source: Source
    task: Task
    language: str | None
    segments: tuple[Segment, ...]
    flags: tuple[Flag, ...] = ()
    failures: tuple[Failure, ...] = ()
    repairs: tuple[Repair, ...] = ()
    model: str = ""
    backend: str = ""
    usage: Usage = field(default_factory=Usage)
    source_language: str | None = None
    asked: tuple[tuple[str, Any], ...] = ()
    second: Transcript | None = None

    @property
    def text(self) -> str:
        """All segments joined, without the space before the first."""
        return "".join(segment.text for segment in self.segments).strip()

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def duration_s(self) -> float:
        return self.source.duration_s

    def save(self, path: str | os.PathLike[str], **subtitles: Any) -> Path:
        """Write the transcript whole or not at all, in the format that the ending names.

        Args:
            path: a file whose ending names a format of `render.RENDERERS`, such as .srt.
            subtitles: single settings of `settings.SubtitleSettings`, such as `max_line_width=32`.

        Returns:
            The path written.

        Raises:
            UsageError: an ending that names no format, or settings that cannot work.
            OutputError: the file cannot be written.
        """
        # through the package's face: values know no renderer
        import audiopipe

        return audiopipe.save(self, path, **subtitles)
