"""Tools for agents, by the Model Context Protocol over stdin and stdout."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from audiopipe._version import __version__
from audiopipe.conversation.jobs import Scribe
from audiopipe.conversation.jobs.written import written
from audiopipe.errors import AudiopipeError, InputError
from audiopipe.render import content, load, renderer, write, write_whole
from audiopipe.render.corrections import transcripts_in
from audiopipe.render.cues import cues
from audiopipe.render.read import ENDINGS as TRANSCRIPTS
from audiopipe.render.read import read_cues
from audiopipe.server.folders import Folders
from audiopipe.session import Session
from audiopipe.text.timecode import exact_rate
from audiopipe.values.events import Event, Heard
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.inputs.sniff import RECORDINGS
from audiopipe.workflows.quality import checked, examine
from audiopipe.workflows.rules import RULES, breaches
from audiopipe.workflows.search import search

T = TypeVar("T")

MOST_CHARACTERS = 50_000
"""Of a text in an answer: more would fill an agent's memory. All of it is in the file."""

MOST_ROWS = 200
_PROGRESS_S = 2.0

_INSTRUCTIONS = """Recordings and their transcripts, in folders that the user has named. Paths are \
those that `files` lists. `transcribe` writes a transcript as JSON, which the other tools take."""


@dataclass
class _Progress:
    """How far a recording is heard, for the one who waits for it."""

    heard_s: float = 0.0

    def listen(self, event: Event) -> None:
        if isinstance(event, Heard):
            self.heard_s += event.span.duration_s


@dataclass
class Transcribed:
    """What `transcribe` gives: the transcript's files, the beginning of its text, and its flags."""

    files: list[str]
    duration_s: float
    language: str | None
    flags: int
    text: str
    is_cut: bool = False
    gaps: list[str] = field(default_factory=list)


@dataclass
class Rows:
    """Rows of an answer, as many as fit, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


@dataclass
class Written:
    """A result: its file, and the beginning of its text; or its length, if it is sound."""

    file: str
    text: str = ""
    duration_s: float = 0.0


class Tools:
    """What agents may do. Paths are inside the folders; results go to one of them."""

    def __init__(self, session: Session, folders: Folders, out: Path) -> None:
        self._session, self._folders, self._out = session, folders, out

    async def files(self, folder: str = "") -> Rows:
        """List recordings and transcripts, in one folder or in all: path, kind and size."""
        return await self._off(lambda _: _rows(self._listed(folder)))

    async def transcribe(
        self, ctx: Context, path: str, language: str = "", formats: list[str] | None = None
    ) -> Transcribed:
        """Transcribe a recording. The transcript is written as JSON, and in other formats (srt,
        vtt, txt, md, ass, docx, ...) if they are named; the text comes back, cut if it is long."""

        def work(own: Session) -> Transcribed:
            source = self._folders.file(path)
            names = tuple(dict.fromkeys(["json", *(formats or ())]))
            endings = [renderer(name).ending for name in names]
            changes = {"language": language} if language else {}
            transcript = own.transcribe(str(source), **changes)
            stem = self._target(source)
            made = []
            for name, ending in zip(names, endings, strict=True):
                file = stem.with_name(stem.name + ending)
                write(content(transcript, name, own.settings), file)
                made.append(self._folders.shown(file))
            return _transcribed(transcript, made)

        return await self._off(work, ctx)

    async def search(self, words: str, folder: str = "") -> Rows:
        """Find words in transcripts, whatever their case and punctuation: file, start and end in
        seconds, speaker and the passage."""

        def work(_: Session) -> Rows:
            return _rows(
                {"file": name, "start_s": hit.span.start_s, "end_s": hit.span.end_s}
                | {"speaker": hit.speaker, "text": hit.text[:1000]}
                for name, transcript in self._transcripts(folder)
                for hit in search(transcript, words)
            )

        return await self._off(work)

    async def check(self, path: str, rules: Literal["", "netflix", "ebu", "bbc"] = "") -> Rows:
        """Which passages of a transcript not to trust, and why; or, with rules, where subtitles
        break what a publisher asks."""

        def work(own: Session) -> Rows:
            source = self._folders.file(path)
            if rules:
                transcript = load(source)
                shown = read_cues(source) or cues(transcript, own.settings)
                rate = exact_rate(own.settings.frame_rate)
                found = breaches(shown, RULES[rules], transcript.language, rate)
                return _rows(asdict(breach) for breach in found)
            flags = examine(checked(load(source))).flags
            return _rows(
                {"kind": flag.kind, "start_s": flag.span.start_s, "end_s": flag.span.end_s}
                | {"advice": flag.detail, "text": text[:1000]}
                for flag, text in flags
            )

        return await self._off(work)

    async def ask(
        self,
        ctx: Context,
        path: str,
        job: Literal["summary", "chapters", "actions", "clean", "translate"],
        into: str = "",
    ) -> Written:
        """Have a chat model work on a transcript: a summary, chapters, action items, clean-up, or a
        translation (into: a language)."""

        def work(own: Session) -> Written:
            source = self._folders.file(path)
            if job == "translate" and not into:
                raise InputError("translate needs a language: into")
            scribe = Scribe(own.chat_session())
            is_text = job in ("summary", "chapters", "actions")
            made = written(
                scribe, job, load(source), into, "txt" if is_text else "json", own.settings
            )
            stem = self._target(source)
            ending = f".{into if job == 'translate' else job}{'.txt' if is_text else '.json'}"
            file = self._folders.target(stem.parent, stem.name + ending)
            write_whole(made, file)
            text = str(made) if is_text else load(file).text
            return Written(self._folders.shown(file), text[:MOST_CHARACTERS])

        return await self._off(work, ctx)

    async def speak(self, ctx: Context, text: str, name: str, title: str = "") -> Written:
        """Speak a text or Markdown into a sound file: name is that of the file, such as
        notes.m4a (also .mp3, .wav, .flac, .opus); headings become chapters."""

        def work(own: Session) -> Written:
            file = self._folders.target(self._out, name)
            speech = own.speak(text, file, title=title)
            return Written(self._folders.shown(file), duration_s=speech.duration_s)

        return await self._off(work, ctx)

    async def _off(self, work: Callable[[Session], T], ctx: Context | None = None) -> T:
        """What a thread makes, with a session that ends if nobody waits any more; progress is told
        to who asked."""
        heard = _Progress()
        own = self._session.derive(stop=self._session.stop.part(), listener=heard.listen)
        telling = asyncio.create_task(_tell(ctx, heard)) if ctx else None
        try:
            return await asyncio.to_thread(work, own)
        except AudiopipeError as error:
            raise ToolError(str(error)) from error
        finally:
            own.stop.set()
            if telling:
                telling.cancel()

    def _listed(self, folder: str) -> Iterator[dict[str, Any]]:
        for path in self._folders.below(folder):
            ending = path.suffix.lower()
            if ending in RECORDINGS or ending in TRANSCRIPTS:
                kind = "recording" if ending in RECORDINGS else "transcript"
                size = path.stat().st_size
                yield {"path": self._folders.shown(path), "kind": kind, "bytes": size}

    def _transcripts(self, folder: str) -> Iterator[tuple[str, Transcript]]:
        """Transcripts as JSON, and subtitles that have none beside them."""
        files = [*self._folders.below(folder)]
        best = {each for root in self._folders.roots for each in transcripts_in(root)} & {*files}
        stems = {path.with_suffix("") for path in best}
        best |= {
            path
            for path in files
            if path.suffix.lower() in (".srt", ".vtt") and path.with_suffix("") not in stems
        }
        for path in sorted(best):
            try:
                yield self._folders.shown(path), load(path)
            except InputError:
                continue  # another file of JSON

    def _target(self, source: Path) -> Path:
        """The results of a file: beside a transcript, else below the folder of results as it is
        below its own."""
        stem = source.with_suffix("")
        if source.suffix.lower() in TRANSCRIPTS:
            return stem
        root = next(root for root in self._folders.roots if source.is_relative_to(root))
        return self._folders.target(self._out, str(stem.relative_to(root)))


def serve(session: Session, folders: list[Path], out: Path) -> None:
    """Serve an agent on stdin and stdout until it goes.

    Args:
        session: does the work; its settings and bounds hold for all calls together.
        folders: what may be looked into.
        out: where results go; it may be looked into too.
    """
    tools = Tools(session, Folders([*folders, out]), out.resolve())
    server = MCPServer(
        "audiopipe", instructions=_INSTRUCTIONS, version=__version__, log_level="ERROR"
    )
    for tool in (
        tools.files,
        tools.transcribe,
        tools.search,
        tools.check,
        tools.ask,
        tools.speak,
    ):
        server.tool()(tool)
    server.run("stdio")


async def _tell(ctx: Context, heard: _Progress) -> None:
    told_s = -1.0
    while True:
        await asyncio.sleep(_PROGRESS_S)
        told_s = max(told_s + 1e-3, heard.heard_s)  # a client wants it to rise
        await ctx.report_progress(told_s, message=f"{heard.heard_s:.0f} s heard")


def _rows(rows: Iterator[dict[str, Any]]) -> Rows:
    kept = list(islice(rows, MOST_ROWS))
    return Rows(kept, len(kept) + sum(1 for _ in rows))


def _transcribed(transcript: Transcript, files: list[str]) -> Transcribed:
    text = transcript.text
    gaps = [
        f"{gap.span.start_s:.1f} to {gap.span.end_s:.1f} s: {gap.reason}"
        for gap in transcript.failures
    ]
    return Transcribed(
        files,
        transcript.duration_s,
        transcript.language,
        len(transcript.flags),
        text[:MOST_CHARACTERS],
        len(text) > MOST_CHARACTERS,
        gaps,
    )
