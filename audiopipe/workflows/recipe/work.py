"""What each stage does with one input."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from audiopipe import plugins
from audiopipe.audio.reading import shown
from audiopipe.audio.reading.chapters import chapters
from audiopipe.audio.reading.tags import tags
from audiopipe.context import Context
from audiopipe.conversation import ChatSession
from audiopipe.conversation.jobs import Scribe
from audiopipe.conversation.jobs.written import actions_text, chapters_text, rewritten, summary_text
from audiopipe.conversation.schema import shape_of
from audiopipe.errors import AudiopipeError, Flagged, InputError
from audiopipe.pipeline import Outcome, prepare_and_tell, transcribe_many
from audiopipe.render import content, write, write_whole
from audiopipe.render.chunks import write_chunks
from audiopipe.render.corrections import apply, read_beside
from audiopipe.speech import speak
from audiopipe.speech.script import Paragraph
from audiopipe.speech.tags import Tags
from audiopipe.text.languages import code_of
from audiopipe.values.audio import Chapter
from audiopipe.values.corrections import settled
from audiopipe.values.requests import SpeechRequest
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.asked import marks_of, stamped
from audiopipe.workflows.quality import examine
from audiopipe.workflows.recipe.done import json_of
from audiopipe.workflows.recipe.stages import Stage
from audiopipe.workflows.recipe.texts import is_text, read_text
from audiopipe.workflows.roundtrip.manuscript import manuscript, with_headings, without_headings


@dataclass(frozen=True, slots=True)
class Work:
    """What the stages so far have made of an input.

    Attributes:
        source: as `transcribe` takes it.
        stem: what the next results are named after, without an ending.
        transcript: as it is now; None before anybody has listened.
        marks: chapters that a model has found; None for those of the recording.
        summary: "" before one is made.
        summary_language: ISO 639-1 code of it; None where nobody knows.
        written: paragraphs of a text as it was written, until a stage rewrites it.
        heard: what has been recognised; None where nothing has been, yet or at all.
    """

    source: Any
    stem: Path
    transcript: Transcript | None = None
    marks: tuple[Chapter, ...] | None = None
    summary: str = ""
    summary_language: str | None = None
    written: tuple[Paragraph, ...] = ()
    heard: Outcome | None = None

    @property
    def said(self) -> Transcript:
        """The transcript, for the stages that need one.

        Raises:
            InputError: there is none: no stage has listened, and the input is no text.
        """
        if self.transcript is None:
            raise InputError(f"{shown(self.source)}: no stage listens to it: put transcribe first")
        return self.transcript


def begin(source: Any, stem: Path) -> Work:
    """An input before any stage: a text is read.

    Raises:
        InputError: it is a text that cannot be read.
    """
    if not is_text(source):
        return Work(source, stem)
    text = read_text(Path(source))
    return Work(source, stem, text.transcript, text.chapters, written=text.paragraphs)


@dataclass(frozen=True, slots=True)
class Station:
    """A stage with all that it needs at hand; for many threads."""

    stage: Stage
    context: Context
    """With the settings of the stage."""
    scribe: Scribe | None = None

    def work(self, work: Work) -> Work:
        """What the stage makes of an input; its files are written when this returns.

        Raises:
            Flagged: a strict check has found something.
            AudiopipeError: what else can go wrong with the input, or with the whole run.
        """
        return _WORK.get(self.stage.name, _added)(self, work)

    def save(self, work: Work, made: Callable[[str], str | bytes]) -> None:
        """Write what is made for each format of the stage."""
        formats = self.stage.settings.output_formats
        for name, path in zip(formats, self.stage.files(work.stem), strict=True):
            write_whole(made(name), path)


def station(stage: Stage, earlier: tuple[Stage, ...], context: Context) -> Station:
    """A stage with all that it needs at hand.

    Args:
        stage: what to do.
        earlier: the stages before it.
        context: of the run.

    Raises:
        AuthError: there is no key, or nobody to chat with.
        UsageError: settings that cannot work, or a voice that does not speak the language.
        EngineMissing: the embedded engine is not installed.
    """
    context = context.derive(stage.settings)
    if stage.hears:
        for _ in transcribe_many((), context):
            pass  # refuses what cannot work, and has nothing to read
    if stage.chats:
        shape_of({"type": "object"})  # refuses where nothing can check answers
        prompts = Path(stage.prompts) if stage.prompts else None
        chat_session = ChatSession(stage.settings.model, context=context)
        scribe = Scribe(chat_session, prompts=prompts, max_retries=stage.max_retries)
        return Station(stage, context, scribe)
    if stage.name == "speak":
        settings = stage.settings
        language = settings.language or _language_after(earlier, stage.of)
        context.speaker.accept(SpeechRequest("", settings.model, settings.voice, language))
    return Station(stage, context)


def _language_after(stages: tuple[Stage, ...], of: str) -> str | None:
    """What the transcript, or the summary, is in behind these stages, as far as anybody knows."""
    language: dict[str, str | None] = {"transcript": None, "summary": None}
    for stage in stages:
        if stage.hears:
            asked = "en" if stage.settings.task == "translate" else stage.settings.language
            language["transcript"] = code_of(asked)
        elif stage.rewrites and stage.into:
            language["transcript"] = code_of(stage.into)
        elif stage.name == "summary":
            language["summary"] = code_of(stage.into) if stage.into else language["transcript"]
    return language[of]


def _prepare(at: Station, work: Work) -> Work:
    if is_text(work.source):
        return work
    (manifest,) = at.stage.files(work.stem)
    name = (
        os.fsdecode(work.source) if isinstance(work.source, str | os.PathLike) else work.stem.name
    )
    write_chunks(prepare_and_tell(work.source, at.stage.settings), name, manifest.parent)
    return work


def _hear(at: Station, work: Work) -> Work:
    if is_text(work.source):  # it says itself what would be heard
        if at.stage.settings.task == "translate":
            raise InputError(f"{work.stem.name}: a text is translated by translate with into")
        at.save(work, lambda name: content(work.said, name, at.stage.settings))
        return work
    marks = marks_of(work.source) if isinstance(work.source, str | os.PathLike) else None
    (outcome,) = transcribe_many([work.source], at.context)
    transcript = stamped(outcome.result(), at.stage.settings, marks)
    mended = apply(transcript, read_beside(json_of(work.stem)))

    def made(name: str) -> str | bytes:
        return content(transcript if name == "json" else mended, name, at.stage.settings)

    at.save(work, made)
    return replace(work, transcript=mended, heard=outcome)


def _check(at: Station, work: Work) -> Work:
    found = examine(work.said, settled(read_beside(json_of(work.stem))))
    flags = [
        {**asdict(flag), "text": text} for flag, text in found.flags if not found.is_settled(flag)
    ]
    (path,) = at.stage.files(work.stem)
    write(json.dumps({"flags": flags}, ensure_ascii=False, indent=1) + "\n", path)
    if flags and at.stage.strict:
        name = work.said.source.name
        raise Flagged(f"{name}: {len(flags)} flags, see {path}; later stages were left out")
    return work


def _rewrite(at: Station, work: Work) -> Work:
    stage = at.stage
    if stage.hears:  # `translate` into English, which a recogniser does
        return _hear(at, work)
    marks, said = work.marks, work.said
    if stage.into:  # titles are translated where they stand
        marks = chapters(work.source) if marks is None else marks
        said = with_headings(said, marks)
    made = rewritten(_scribe(at), stage.name, said, stage.into or stage.instruct)
    if marks is not None:
        made, marks = without_headings(made, marks)
    at.save(work, lambda name: content(made, name, at.stage.settings))
    stem = stage.stem(work.stem)
    return replace(work, transcript=made, marks=marks, stem=stem, written=())


def _summary(at: Station, work: Work) -> Work:
    summary = _scribe(at).summary(work.said, at.stage.into)
    at.save(work, lambda name: summary_text(summary, name))
    language = code_of(at.stage.into) if at.stage.into else work.said.language
    return replace(work, summary=summary, summary_language=language)


def _chapters(at: Station, work: Work) -> Work:
    marks = _scribe(at).chapters(work.said, at.stage.into)
    at.save(work, lambda name: chapters_text(marks, name, work.said, at.stage.settings))
    return replace(work, marks=marks, written=())


def _actions(at: Station, work: Work) -> Work:
    items = _scribe(at).action_items(work.said, at.stage.into)
    at.save(work, lambda name: actions_text(items, name))
    return work


def _render(at: Station, work: Work) -> Work:
    at.save(work, lambda name: content(work.said, name, at.stage.settings))
    return work


def _speak(at: Station, work: Work) -> Work:
    stage, (path,) = at.stage, at.stage.files(work.stem)
    text: str | Sequence[Paragraph]
    if stage.of == "summary":
        text, language = work.summary, work.summary_language
    elif work.written:
        text, language = work.written, work.said.language
    else:
        marks = chapters(work.source) if work.marks is None else work.marks
        text, language = (
            manuscript(with_headings(work.said, marks), align=stage.align),
            work.said.language,
        )
    speak(
        text,
        path,
        at.context.derive(language=stage.settings.language or language),
        tags=Tags.of(
            {"title": work.stem.name, **tags(work.source)}, title=stage.title, author=stage.author
        ),
    )
    return work


def _added(at: Station, work: Work) -> Work:
    """A stage of another package, whose crash costs one input."""
    name = at.stage.name
    try:
        made = plugins.find("stages", name)(work, **dict(at.stage.added))
    except AudiopipeError:
        raise
    except Exception as error:
        kind = type(error).__name__
        raise InputError(f"{work.stem.name}: the stage {name} failed: {kind}: {error}") from error
    if not isinstance(made, Work):
        raise InputError(f"{work.stem.name}: the stage {name} gave no Work back")
    return made


def _scribe(at: Station) -> Scribe:
    assert at.scribe is not None
    return at.scribe


_WORK: Mapping[str, Callable[[Station, Work], Work]] = MappingProxyType(
    {
        "prepare": _prepare,
        "transcribe": _hear,
        "translate": _rewrite,
        "repair": _hear,
        "check": _check,
        "summary": _summary,
        "chapters": _chapters,
        "actions": _actions,
        "clean": _rewrite,
        "rewrite": _rewrite,
        "render": _render,
        "speak": _speak,
    }
)
