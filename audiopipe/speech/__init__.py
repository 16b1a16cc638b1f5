"""From a text to one spoken file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr
from numpy.typing import NDArray

from audiopipe.backends.protocols import Speaker, guarded
from audiopipe.concurrency import ordered_map
from audiopipe.context import Context
from audiopipe.errors import AudiopipeError, Stopped, UsageError
from audiopipe.render import require_room
from audiopipe.speech.script import Line, Paragraph, script
from audiopipe.speech.synthesize import speak as speak_line
from audiopipe.values.audio import Audio, Chapter, Span
from audiopipe.values.events import Spoke
from audiopipe.values.requests import SpeechRequest, Spoken, Usage

if TYPE_CHECKING:
    from audiopipe.audio.mastering import Master

_MOST_CHARACTERS = 600
"""Of a line, even where a model takes more: about 40 s. Voices drift in long texts, a lost answer
costs less, and what waits for a slow one stays small."""

_BYTES_A_CHARACTER = 10_000
"""Space that speaking takes while it lasts: 15 characters a second, as 32-bit samples at 24 kHz,
and what is made of them."""

_FADE_S = 0.01


@dataclass(frozen=True, slots=True)
class Speech:
    """A text as a sound file.

    Attributes:
        path: the file.
        duration_s: its length.
        lines: what is spoken when, in order.
        chapters: in order, touching.
        delays_s: of each paragraph that had a time to begin at, how much later it began.
        model, voice: who speaks.
        usage: what it took in all.
        spent: what this run paid; answers of earlier runs cost nothing.
    """

    path: Path
    duration_s: float
    lines: tuple[tuple[Span, str], ...]
    chapters: tuple[Chapter, ...]
    delays_s: tuple[float, ...]
    model: str
    voice: str
    usage: Usage
    spent: Usage

    def segment(self) -> Any:
        """The file as a `pydub.AudioSegment`."""
        from audiopipe.audio.clip import audio_segment

        return audio_segment(self.path)


def speak(
    text: str | Sequence[Paragraph],
    path: str | os.PathLike[str],
    context: Context,
    *,
    title: str = "",
    author: str = "",
) -> Speech:
    """Speak a text of any length into one file, at -16 LUFS, with a chapter for each heading.

    The text is cut by sentences into lines that the model takes, and they are asked for many at a
    time. Each answer is stored as it arrives, and a later run does not ask for it again.

    Args:
        text: plain text or Markdown, see `script.paragraphs` for what is spoken of it; or
            paragraphs, which may have times to begin at.
        path: the file to write: .wav, .flac, .mp3, .m4a or .opus; all but .wav carry chapters.
        context: settings, speaker, store, spending, listener and stop.
        title, author: tags of the file; "" leaves them out.

    Raises:
        UsageError: settings that cannot work, no text, or one that the voice cannot speak.
        BackendError: a line got no sound; those before it are stored.
        OutputError: the file cannot be written.
    """
    target = Path(path)
    require_kind(target.suffix)
    settings, backend = context.settings, context.speaker
    whole = text if isinstance(text, str) else "\n".join(each.text for each in text)
    request = backend.accept(
        SpeechRequest(whole, settings.model, settings.voice, settings.language)
    )
    lines = script(
        text,
        language=request.language,
        most_characters=min(backend.most_characters(request), _MOST_CHARACTERS),
    )
    if not lines:
        raise UsageError("there is nothing to speak in the text")
    require_room(target.parent, _BYTES_A_CHARACTER * len(whole))
    part = context.derive(stop=context.stop.part())
    return _Run(backend, request, lines, part).speech(target, title, author)


def require_kind(ending: str) -> None:
    """Raises UsageError for an ending of files that cannot be written."""
    from audiopipe.audio.mastering import KINDS

    if ending.lower() not in KINDS:
        raise UsageError(
            f"cannot write {ending or 'without an ending'}: choose from {' '.join(KINDS)}"
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """All that the workers of one run share."""

    backend: Speaker
    request: SpeechRequest
    lines: Sequence[Line]
    context: Context
    broken: list[AudiopipeError] = field(default_factory=list)
    """What stopped the run, the first reason first."""

    def speech(self, path: Path, title: str, author: str) -> Speech:
        from audiopipe.audio.mastering import Master

        with ExitStack() as stack:
            sounds = stack.enter_context(closing(self.spoken()))
            stack.callback(self.context.stop.set)
            master: Master | None = None
            spans, usage, spent = [], Usage(), Usage()
            for line, spoken in zip(self.lines, sounds, strict=True):
                if master is None:
                    master = stack.enter_context(Master(path, spoken.audio.rate_hz))
                spans.append(_laid(master, spoken.audio, line, self.context.settings.pause_s))
                usage += spoken.usage
                spent += Usage() if spoken.cached else spoken.usage
            assert master is not None
            duration_s = master.samples / master.rate_hz
            chapters = tuple(_chapters(self.lines, spans, duration_s, title))
            tags = {"title": title, "artist": author}
            master.finish({name: tag for name, tag in tags.items() if tag}, chapters)
        spoken_at = [*zip(spans, self.lines, strict=True)]
        return Speech(
            path,
            duration_s,
            tuple((span, line.text) for span, line in spoken_at),
            chapters,
            tuple(
                max(0.0, span.start_s - line.start_s)
                for span, line in spoken_at
                if line.start_s is not None
            ),
            self.request.model,
            self.request.voice,
            usage,
            spent,
        )

    def spoken(self) -> Generator[Spoken, None, None]:
        """The sound of each line, in order."""
        workers = self.context.settings.workers or self.backend.workers
        try:
            yield from ordered_map(self.work, range(len(self.lines)), workers=workers)
        except Stopped as error:
            raise self.broken[0] if self.broken else error from None

    def work(self, index: int) -> Spoken:
        self.context.stop.check()
        request = replace(self.request, text=self.lines[index].text)
        try:
            with guarded(self.backend.name):
                spoken = speak_line(
                    request,
                    self.backend,
                    store=self.context.store,
                    spending=self.context.spending,
                    pause=self.context.teller.pause,
                )
        except AudiopipeError as error:
            if not isinstance(error, Stopped):
                self.broken.append(error)
                self.context.stop.set(gently=True)
            raise
        event = Spoke(request.text, index + 1, len(self.lines), spoken.usage, spoken.cached)
        self.context.teller.tell(event)
        return spoken


def _laid(master: Master, audio: Audio, line: Line, pause_s: float) -> Span:
    """When the line sounds in the file; its pause is laid behind it."""
    samples = audio.samples
    if audio.rate_hz != master.rate_hz:
        samples = soxr.resample(samples, audio.rate_hz, master.rate_hz)
    _rest(master, round((line.start_s or 0.0) * master.rate_hz) - master.samples)
    start = master.samples
    master.write(_faded(samples, master.rate_hz))
    end = master.samples
    _rest(master, round(line.pause * pause_s * master.rate_hz))
    return Span(start / master.rate_hz, end / master.rate_hz)


def _rest(master: Master, samples: int) -> None:
    """Lay so much silence, in blocks of a second: it may last for hours."""
    for at in range(0, samples, master.rate_hz):
        master.write(np.zeros(min(master.rate_hz, samples - at), np.float32))


def _faded(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """The samples, rising from zero and falling to it: without that, a join would click."""
    length = min(round(_FADE_S * rate_hz), len(samples) // 2)
    slope = np.sin(np.linspace(0, np.pi / 2, length, dtype=np.float32)) ** 2
    faded = samples.copy()
    faded[:length] *= slope
    faded[len(faded) - length :] *= slope[::-1]
    return faded


def _chapters(
    lines: Sequence[Line], spans: Sequence[Span], duration_s: float, title: str
) -> Iterator[Chapter]:
    """A chapter from each heading to the next; the file's title names what comes before the first,
    which without a title belongs to the first."""
    starts = [
        (span.start_s, line.chapter)
        for line, span in zip(lines, spans, strict=True)
        if line.chapter
    ]
    if not starts:
        return
    if starts[0][0] > 0:
        starts[:1] = [(0.0, title), starts[0]] if title else [(0.0, starts[0][1])]
    ends = [start_s for start_s, _ in starts[1:]] + [duration_s]
    for (start_s, name), end_s in zip(starts, ends, strict=True):
        yield Chapter(name, Span(start_s, end_s))
