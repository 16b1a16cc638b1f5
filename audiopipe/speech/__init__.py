"""From a text to one spoken file."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiopipe.backends.protocols import guarded
from audiopipe.concurrency import ordered_map
from audiopipe.context import Context
from audiopipe.errors import AudiopipeError, Stopped, UsageError
from audiopipe.render import require_room
from audiopipe.speech.cast import Cast, Role, roles
from audiopipe.speech.lexicon import Lexicon, in_letters, in_sounds, pronounced
from audiopipe.speech.script import Line, Paragraph, paragraphs, script
from audiopipe.speech.synthesize import speak as speak_line
from audiopipe.speech.tags import Tags
from audiopipe.values.audio import Chapter, Span
from audiopipe.values.events import Spoke
from audiopipe.values.requests import Spoken, Usage
from audiopipe.values.transcript import Segment, Source, Transcript

if TYPE_CHECKING:
    from audiopipe.audio.mastering import Master

_MOST_CHARACTERS = 600
"""Of a line, even where a model takes more: about 40 s. Voices drift in long texts, a lost answer
costs less, and what waits for a slow one stays small."""

_BYTES_A_CHARACTER = 10_000
"""Space that speaking takes while it lasts: 15 characters a second, as 32-bit samples at 24 kHz,
and what is made of them."""


@dataclass(frozen=True, slots=True)
class Speech:
    """A text as a sound file.

    Attributes:
        path: the file.
        duration_s: its length.
        lines: what is spoken when, in order.
        chapters: in order, touching.
        delays_s: of each paragraph that had a time to begin at, how much later it began.
        speakers: whose line each is; "" where nobody is named.
        model, voice: who speaks, of several the first.
        language: of the text; None where nobody knows.
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
    speakers: tuple[str, ...] = ()
    language: str | None = None

    def transcript(self) -> Transcript:
        """What is spoken when, to be written as subtitles."""
        name, duration_s = self.path.name, self.duration_s
        segments = tuple(
            Segment(span, f" {text}", speaker=speaker or None)
            for (span, text), speaker in zip(self.lines, self.speakers, strict=True)
        )
        source = Source(name, "", duration_s, 0, 0)
        return Transcript(source, "transcribe", self.language, segments)

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
    tags: Tags | None = None,
    cast: Cast | None = None,
    lexicon: Lexicon | None = None,
) -> Speech:
    """Speak a text of any length into one file, at -16 LUFS, with a chapter for each heading.

    The text is cut by sentences into lines that the model takes, and they are asked for many at a
    time. Each answer is stored as it arrives, and a later run does not ask for it again.

    Args:
        text: plain text or Markdown, see `script.paragraphs` for what is spoken of it; or
            paragraphs, which may have times to begin at, and speakers.
        path: the file to write: .wav, .flac, .mp3, .m4a, .m4b or .opus; all but .wav carry
            chapters.
        context: settings, speaker, store, spending, listener and stop.
        title, author: tags of the file; "" leaves them out.
        tags: all of them, in place of both.
        cast: who speaks whose words; without it each speaker has a voice of the model's.
        lexicon: how words are said.

    Raises:
        UsageError: settings that cannot work, no text, or one that the voice cannot speak.
        BackendError: a line got no sound; those before it are stored.
        OutputError: the file cannot be written.
    """
    target, tags = Path(path), tags or Tags(title, author)
    require_kind(target.suffix)
    if tags.cover:
        require_cover(tags.cover, target.suffix)
    said = [*paragraphs(text)] if isinstance(text, str) else list(text)
    if lexicon:
        spelled = in_letters(lexicon)
        said = [replace(each, text=pronounced(each.text, spelled)) for each in said]
    whole = "\n".join(each.text for each in said)
    named = dict.fromkeys(each.speaker for each in said if each.text.strip()) or {"": None}
    parts = roles(named, whole, context, cast or {}, context.settings.language)
    parts = {
        name: replace(part, sounds=in_sounds(lexicon or {}, whole, part.phonetic))
        for name, part in parts.items()
    }
    first = next(iter(parts.values()))
    most = min(role.backend.most_characters(role.request) for role in parts.values())
    lines = script(
        said, language=first.request.language, most_characters=min(most, _MOST_CHARACTERS)
    )
    if not lines:
        raise UsageError("there is nothing to speak in the text")
    require_room(target.parent, _BYTES_A_CHARACTER * len(whole))
    part = context.derive(stop=context.stop.part())
    return _Run(parts, first, lines, part).speech(target, tags)


def require_cover(cover: bytes, ending: str) -> None:
    """Raises UsageError for a picture that is none, or a file that cannot hold one."""
    from audiopipe.audio import mastering

    mastering.require_cover(cover, ending)


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

    roles: Mapping[str, Role]
    first: Role
    lines: Sequence[Line]
    context: Context
    broken: list[AudiopipeError] = field(default_factory=list)
    """What stopped the run, the first reason first."""

    def speech(self, path: Path, tags: Tags) -> Speech:
        from audiopipe.audio.mastering import Master
        from audiopipe.speech.laying import laid

        with ExitStack() as stack:
            sounds = stack.enter_context(closing(self.spoken()))
            stack.callback(self.context.stop.set)
            master: Master | None = None
            spans, usage, spent = [], Usage(), Usage()
            for line, spoken in zip(self.lines, sounds, strict=True):
                if master is None:
                    master = stack.enter_context(Master(path, spoken.audio.rate_hz))
                role = self.roles[line.speaker]
                spans.append(laid(master, spoken.audio, line, role, self.context.settings))
                usage += spoken.usage
                spent += Usage() if spoken.cached else spoken.usage
            assert master is not None
            duration_s = master.samples / master.rate_hz
            chapters = tuple(_chapters(self.lines, spans, duration_s, tags.title))
            master.finish(tags.named(), chapters, tags.cover)
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
            self.first.request.model,
            self.first.request.voice,
            usage,
            spent,
            tuple(line.speaker for line in self.lines),
            self.first.request.language,
        )

    def spoken(self) -> Generator[Spoken, None, None]:
        """The sound of each line, in order."""
        workers = self.context.settings.workers or self.first.backend.workers
        try:
            yield from ordered_map(self.work, range(len(self.lines)), workers=workers)
        except Stopped as error:
            raise self.broken[0] if self.broken else error from None

    def work(self, index: int) -> Spoken:
        self.context.stop.check()
        line = self.lines[index]
        role = self.roles[line.speaker]
        request = role.asked(line.text)
        try:
            with guarded(role.backend.name):
                spoken = speak_line(
                    request,
                    role.backend,
                    store=self.context.store,
                    spending=self.context.spending,
                    pause=self.context.teller.pause,
                )
        except AudiopipeError as error:
            if not isinstance(error, Stopped):
                self.broken.append(error)
                self.context.stop.set(gently=True)
            raise
        event = Spoke(line.text, index + 1, len(self.lines), spoken.usage, spoken.cached)
        self.context.teller.tell(event)
        return spoken


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
