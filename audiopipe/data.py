"""Every value that flows between the stages.

All are frozen, hold tuples, and are checked when made. A name ending in `_s` is a time in seconds
from the start of the source file, never from the start of a chunk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    import numpy as np
    from numpy.typing import NDArray

Task = Literal["transcribe", "translate"]
AudioFormat = Literal["flac", "wav", "opus", "pcm"]
Role = Literal["system", "user", "assistant"]

RATE_HZ = 16_000
"""Sample rate of prepared audio: what Whisper hears, and what the provider resamples to."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source file, `0 <= start_s <= end_s`, both finite seconds."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s <= self.end_s < math.inf:
            raise ValueError(f"not a span: {self.start_s} to {self.end_s} s")

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2

    def overlap_s(self, other: Span) -> float:
        """Seconds that both spans cover, 0 if they are apart."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def holds(self, other: Span) -> bool:
        """Whether the other's middle lies in this one, the ends included."""
        return self.start_s <= other.middle_s <= self.end_s


def covered_s(spans: Iterable[Span]) -> float:
    """Seconds that lie in any of the spans, each once."""
    covered, now_s = 0.0, 0.0
    for span in sorted(spans, key=lambda span: span.start_s):
        covered += max(0.0, span.end_s - max(now_s, span.start_s))
        now_s = max(now_s, span.end_s)
    return covered


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a recording that has a title."""

    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono samples, float32 of shape (n,) in -1..1, at `rate_hz`."""

    samples: NDArray[np.float32]
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.rate_hz <= 0:
            raise ValueError(f"not mono audio: {self.samples.shape} at {self.rate_hz} Hz")


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sound of a text, without silence around it.

    `cached` tells that it is of an earlier run, and cost this one nothing.
    """

    audio: Audio
    usage: Usage
    cached: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Where a chunk lies in its source.

    Attributes:
        index: 0, 1, 2 ... in file order.
        stretches: the stretches of the file whose samples, joined, are the chunk's audio; more
            than one only where silence between them was left out.
        core: the part that is this chunk's own: cores touch at the seams and tile the file, while
            stretches overlap around each seam.
    """

    index: int
    stretches: tuple[Span, ...]
    core: Span

    def __post_init__(self) -> None:
        if not self.stretches:
            raise ValueError("a window needs at least one stretch")

    @property
    def span(self) -> Span:
        """From the first to the last second that the chunk hears."""
        return Span(self.stretches[0].start_s, self.stretches[-1].end_s)

    @property
    def audio_s(self) -> float:
        """Seconds of audio in the chunk: what is sent and paid for."""
        return sum(stretch.duration_s for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of prepared audio, ready to be sent.

    Attributes:
        window: where it lies in the source.
        data: the encoded samples, 16 kHz mono 16 bit.
        format: how `data` is encoded; `pcm` is headerless little-endian 16 bit.
        sha256: hash of the 16-bit samples, the same whatever the format; hexadecimal.
    """

    window: Window
    data: bytes = field(repr=False)
    format: AudioFormat
    sha256: str


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """Audio that the provider fetches by itself from an https address."""

    url: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a recogniser, the same for each chunk of a file.

    Attributes:
        task: `transcribe` keeps the language, `translate` gives English.
        model: the backend's own id of the model.
        language: ISO 639-1 code of what is spoken; None lets the model guess.
        prompt: context or spellings that steer the model; None for none.
        temperature: 0 to 1; 0 is the recommended deterministic decoding.
        word_timestamps: whether each word gets its own times.
    """

    task: Task
    model: str
    language: str | None = None
    prompt: str | None = None
    temperature: float = 0.0
    word_timestamps: bool = True


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is asked of a voice.

    Attributes:
        text: what is spoken.
        model: the backend's own id of the model.
        voice: one of the model's voices.
        language: ISO 639-1 code of the text; None where nobody knows.
    """

    text: str
    model: str = ""
    voice: str = ""
    language: str | None = None


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
        return replace(self, span=span, text="".join(word.text for word in words), words=words)


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
class Usage:
    """What a result took.

    Attributes:
        requests: answered requests.
        audio_s: seconds of audio sent, overlaps included.
        billed_s: seconds the provider bills (at least 10 a request on Groq).
        cost_usd: price of it all; None where the price is not known.
        prompt_tokens: tokens that chat models read.
        completion_tokens: tokens that they wrote, thoughts included.
    """

    requests: int = 0
    audio_s: float = 0.0
    billed_s: float = 0.0
    cost_usd: float | None = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.requests + other.requests,
            self.audio_s + other.audio_s,
            self.billed_s + other.billed_s,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as text."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a chat model.

    Attributes:
        messages: the conversation so far, the question last.
        model: the backend's own id of the model.
        temperature: 0 to 2; None leaves it to the server.
        top_p: above 0, to 1: the share of likely tokens to choose from; None leaves it to the
            server.
        max_completion_tokens: most tokens of the answer, thoughts included; None leaves it to the
            server.
        seed: for answers that repeat as far as the server can; None for none.
        stop: up to four texts at which the answer ends.
        json: whether the answer is to be a JSON object.
        schema: JSON Schema, as text, that the server is to hold the answer to; "" for none.
    """

    messages: tuple[Message, ...]
    model: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json: bool = False
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat model answered.

    Attributes:
        text: the answer.
        model: who answered, by the server's own word.
        finish_reason: `stop`, or why it ends: `length`, `content_filter`.
        usage: what it took, corrections included.
        value: what the answer says, where a shape of it was asked for: a dict, or a pydantic model.
        cached: whether it is of an earlier run, and cost this one nothing.
    """

    text: str
    model: str
    finish_reason: str
    usage: Usage
    value: Any = None
    cached: bool = False

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut off."""
        return self.finish_reason in ("length", "content_filter")


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
    answers that were kept from another request cost nothing now.
    """

    window: Window
    language: str | None
    segments: tuple[Segment, ...]
    usage: Usage
    flags: tuple[Flag, ...] = ()
    repairs: tuple[Repair, ...] = ()
    spent: Usage = field(default_factory=Usage)

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
    """The recording: a name to show, the hash of its bytes, its length in seconds."""

    name: str
    sha256: str
    duration_s: float


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
            path: a file ending in .txt, .json, .srt, .vtt, .tsv, .lrc, .csv or .md.
            subtitles: single settings of `config.SubtitleSettings`, such as `max_line_width=32`.

        Returns:
            The path written.

        Raises:
            UsageError: an ending that names no format, or settings that cannot work.
            OutputError: the file cannot be written.
        """
        # Imports against the stream: whoever holds a transcript expects it to save itself.
        from audiopipe.config import SubtitleSettings, change
        from audiopipe.render import save

        return save(self, Path(path), change(SubtitleSettings(), subtitles))
