"""A recording told again: transcript, chat if it is asked for, narration, and its score."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from audiopipe.audio.reading.chapters import chapters
from audiopipe.audio.reading.tags import tags
from audiopipe.context import Context
from audiopipe.conversation import ChatSession
from audiopipe.conversation.jobs import Scribe
from audiopipe.pipeline import transcribe_many
from audiopipe.render import render, require_room, write
from audiopipe.render.corrections import apply, read_beside
from audiopipe.settings import Settings
from audiopipe.speech import Speech, require_kind, speak
from audiopipe.speech.tags import Tags
from audiopipe.text.languages import code_of, require_name, the_only
from audiopipe.values.audio import Chapter
from audiopipe.values.requests import SpeechRequest
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.roundtrip.manuscript import manuscript, markdown, with_headings
from audiopipe.workflows.roundtrip.report import Asked, Step, report
from audiopipe.workflows.roundtrip.score import Score, require_scorer, score

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """A recording, and what it became.

    Attributes:
        transcript: of the recording.
        told: what was spoken, with the times of the recording: the transcript, or what chat made
            of it; titles of chapters are segments.
        speech: the narration.
        heard: the transcript of the narration.
        score: how well it was understood.
        steps: in order, with what each took.
        files: all that was written.
    """

    transcript: Transcript
    told: Transcript
    speech: Speech
    heard: Transcript
    score: Score
    steps: tuple[Step, ...]
    files: tuple[Path, ...]


def roundtrip(
    source: Any,
    folder: str | os.PathLike[str],
    context: Context,
    *,
    name: str = "",
    into: str = "",
    instruct: str = "",
    align: bool = False,
    ending: str = ".m4a",
    chat_model: str = "",
    speech_model: str = "",
    chat_url: str = "",
    speech_url: str = "",
) -> RoundTrip:
    """Transcribe a recording, speak it again, and tell how well the narration is understood.

    The narration keeps the paragraphs and chapters of the recording. All answers are stored as
    they arrive: a run that was stopped goes on when it is repeated, and pays for nothing twice.
    What somebody has mended in NAME.corrections.json is told as mended.

    Args:
        source: as `Session.transcribe` takes it; of an address no chapters are read.
        folder: where NAME.json, .txt, .script.md, .narration.m4a, .heard.json and .report.json go.
        context: settings, backends, store, listener and stop; its bounds on cost and requests hold
            for all steps together.
        name: NAME; "" is that of the file.
        into: a language to translate into before it is spoken, as code or name.
        instruct: how to rewrite it before, in plain words.
        align: whether each sentence begins no earlier than it did in the recording.
        ending: of the narration: .m4a, .mp3, .opus, .flac or .wav.
        chat_model, speech_model: their models; `settings.model` is the recogniser's.
        chat_url, speech_url: servers for chat or the narration alone; "" is the run's.

    Raises:
        UsageError: what cannot work, such as a voice that does not speak the language.
        AuthError: chat was asked for, and there is neither a key nor a server.
        InputError: the recording cannot be used.
        BackendError: a recogniser, a chat model or a voice did not give what was asked.
        LimitReached: the settings allow no more cost or requests.
    """
    asked = Asked(into, instruct, align)
    require_scorer()
    require_kind(ending)
    if into:
        require_name(into)
    _ = context.transcriber  # refuses what cannot work before anything is read
    chat_session = None
    if into or instruct:
        chat_session = ChatSession(chat_model, context=_at(context, chat_url))
    language = code_of(into) if into else _language_of(context.settings)
    speaking = _at(context, speech_url).derive(model=speech_model, language=language)
    how = speaking.settings
    speaking.speaker.accept(SpeechRequest("", how.model, how.voice, how.language))
    target = Path(folder) / (name or _name_of(source))
    require_room(target.parent)
    return _Run(context, speaking, chat_session, target).whole(source, asked, ending)


def _at(context: Context, url: str) -> Context:
    return context.derive(backend="openai", base_url=url) if url else context


@dataclass(frozen=True, slots=True)
class _Run:
    """All that the steps of one round trip share."""

    context: Context
    speaking: Context
    chat_session: ChatSession | None
    target: Path
    """Of the files, without an ending."""
    steps: list[Step] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)

    def whole(self, source: Any, asked: Asked, ending: str) -> RoundTrip:
        transcript = self.hear("transcribe", source, self.context.settings)
        self.save(".json", render(transcript, "json"))
        transcript = apply(transcript, read_beside(self.path(".json")))
        self.save(".txt", render(transcript, "txt"))
        told = self.retell(transcript, chapters(source), asked)
        self.save(".script.md", markdown(told))
        speech = self.speak(told, ending, tags(source), align=asked.align)
        # what the narration is in is known, and what steered the first hearing does not concern it
        plain = replace(
            self.context.settings,
            task="transcribe",
            language=told.language,
            prompt=None,
            glossary="",
            channels="mix",
            track=0,
            drop=(),
            repair=False,
        )
        heard = self.hear("hear", speech.path, plain)
        self.save(".heard.json", render(heard, "json"))
        found = score(" ".join(text for _, text in speech.lines), heard.text, told.language)
        text = report(asked, transcript, told.language, speech, heard, found, self.steps)
        self.save(".report.json", text)
        return RoundTrip(
            transcript, told, speech, heard, found, tuple(self.steps), tuple(self.files)
        )

    def hear(self, step: str, source: Any, settings: Settings) -> Transcript:
        (outcome,) = transcribe_many([source], self.context.derive(settings))
        heard = outcome.result()
        self.steps.append(Step(step, heard.backend, heard.model, heard.usage, outcome.spent))
        return heard

    def retell(self, transcript: Transcript, marks: Iterable[Chapter], asked: Asked) -> Transcript:
        """The transcript as it is to be spoken. Titles are translated, but not rewritten: no mark
        of a chapter may get lost."""
        if asked.instruct:
            transcript = self.chat(
                "rewrite", lambda scribe: scribe.rewrite(transcript, asked.instruct)
            )
        told = with_headings(transcript, marks)
        if asked.into:
            return self.chat("translate", lambda scribe: scribe.translate(told, asked.into))
        return told

    def chat(self, step: str, job: Callable[[Scribe], Transcript]) -> Transcript:
        assert self.chat_session is not None
        scribe = Scribe(self.chat_session)
        made = job(scribe)
        model = self.chat_session.full_model()
        self.steps.append(
            Step(step, self.chat_session.backend.name, model, scribe.usage, scribe.spent)
        )
        return made

    def speak(
        self, told: Transcript, ending: str, marked: Mapping[str, str], *, align: bool
    ) -> Speech:
        language = told.language or self.speaking.settings.language
        speech = speak(
            manuscript(told, align=align),
            self.path(f".narration{ending}"),
            self.speaking.derive(language=language),
            tags=Tags.of({"title": self.target.name, **marked}),
        )
        self.note(speech.path)
        self.steps.append(
            Step("speak", self.speaking.speaker.name, speech.model, speech.usage, speech.spent)
        )
        return speech

    def path(self, ending: str) -> Path:
        return self.target.with_name(self.target.name + ending)

    def save(self, ending: str, text: str) -> None:
        self.note(write(text, self.path(ending)))

    def note(self, path: Path) -> None:
        self.files.append(path)
        _log.info("%s", path)


def _language_of(settings: Settings) -> str | None:
    """What the transcript will be in, as far as anybody knows yet."""
    return "en" if settings.task == "translate" else the_only(settings.language)


def _name_of(source: Any) -> str:
    """The file's name without its ending."""
    if isinstance(source, str | os.PathLike):
        return PurePath(urlsplit(os.fsdecode(source)).path).stem or "recording"
    return "recording"
