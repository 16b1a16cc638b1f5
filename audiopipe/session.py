"""The one object through which recordings are worked on: `Session`, and functions over it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from audiopipe.context import Context
from audiopipe.errors import UsageError
from audiopipe.settings import Settings
from audiopipe.values.audio import Chunk
from audiopipe.values.requests import Message, Reply
from audiopipe.values.transcript import Transcript

if TYPE_CHECKING:
    from audiopipe.backends.protocols import Chatter, Speaker, Transcriber
    from audiopipe.backends.wire.models import LiveModel
    from audiopipe.concurrency import Stop
    from audiopipe.conversation import ChatSession
    from audiopipe.pipeline import Outcome
    from audiopipe.speech import Speech
    from audiopipe.speech.cast import Cast
    from audiopipe.speech.lexicon import Lexicon
    from audiopipe.speech.script import Paragraph
    from audiopipe.speech.tags import Tags
    from audiopipe.values.events import Listener
    from audiopipe.workflows.feeds import Fetched
    from audiopipe.workflows.plan import Plan
    from audiopipe.workflows.recipe import Recipe, Result
    from audiopipe.workflows.roundtrip import RoundTrip

T = TypeVar("T")

_CHANGES = {field.name for field in fields(Settings)} - {"temperature"}
"""Settings, but for the one that is an option of a question to a chat model too."""


class Session(Context):
    """All that audiopipe does, with backends, store, limits, spending, listener and stop that are
    made once and shared by all calls; for any number of threads, and from a running event loop.

        with Session(backend="local", language="en") as session:
            transcript = session.transcribe("talk.mp3")
            for outcome in session.transcribe_many(Path("talks").glob("*.mp3")):
                ...

    Arguments are those of `Context`. Each method takes further settings by name, for this call
    alone. A `source` is a path, an http address, bytes, a binary file object, a pair of samples
    (float or int16, shape (n,) or (n, channels)) and their rate in Hz, or a `pydub.AudioSegment`.
    """

    def transcribe(self, source: Any, **changes: Any) -> Transcript:
        """The transcript of one recording.

        Raises:
            UsageError: settings that cannot work.
            InputError: the recording cannot be used.
            BackendError: nothing of it could be recognised.
        """
        (outcome,) = self.transcribe_many([source], **changes)
        return outcome.result()

    def translate(self, source: Any, **changes: Any) -> Transcript:
        """The English text of a recording in any language; raises as `transcribe`."""
        return self.transcribe(source, task="translate", **changes)

    def transcribe_many(self, sources: Iterable[Any], **changes: Any) -> Iterator[Outcome]:
        """An outcome for each recording, in order; see `pipeline.transcribe_many`."""
        own = self.derive(**changes)
        if own.settings.batch:
            from audiopipe.workflows.batched import batched

            return batched(sources, own)
        from audiopipe.pipeline import transcribe_many

        return transcribe_many(sources, own)

    def align(self, source: Any, text: str | os.PathLike[str], **changes: Any) -> Transcript:
        """A text that is known, with the time of each word; see `workflows.align.align`."""
        from audiopipe.workflows.align import align

        return align(source, text, self.derive(**changes))

    def prepare(self, source: Any, **changes: Any) -> Iterator[Chunk]:
        """The chunks of a recording as they would be sent; see `pipeline.prepare`."""
        from audiopipe.pipeline import prepare

        return prepare(source, self.derive(**changes).settings)

    def plan(self, sources: Iterable[Any], **changes: Any) -> Plan:
        """What recordings will take, without network or key; see `workflows.plan.plan`."""
        from audiopipe.workflows.plan import plan

        return plan(sources, self.derive(**changes).settings)

    def chat_session(self, model: str = "", **changes: Any) -> ChatSession:
        """A chat model at hand."""
        from audiopipe.conversation import ChatSession

        return ChatSession(model, context=self.derive(**changes))

    def chat(
        self,
        messages: str | Iterable[Message | Mapping[str, Any]],
        *,
        model: str = "",
        **options: Any,
    ) -> Reply:
        """The answer to one question; options and errors as in `ChatSession.ask`."""
        return self.chat_session(model).ask(messages, **options)

    def models(self) -> tuple[LiveModel, ...]:
        """The models that the key may use, as the server lists them.

        Raises:
            AuthError: neither a key nor a server.
            UsageError: a backend that lists none.
            BackendError: the server did not tell.
        """
        listing = getattr(self.chatter(), "models", None)
        if listing is None:
            raise UsageError(f"the backend {self.settings.backend} lists no models")
        return tuple(listing())

    def speak(
        self,
        text: str | Sequence[Paragraph],
        path: str | os.PathLike[str],
        *,
        title: str = "",
        author: str = "",
        tags: Tags | None = None,
        cast: Cast | None = None,
        lexicon: Lexicon | None = None,
        **changes: Any,
    ) -> Speech:
        """Speak a text of any length into one file; see `speech.speak`."""
        from audiopipe.speech import speak

        own = self.derive(**changes)
        return speak(
            text, path, own, title=title, author=author, tags=tags, cast=cast, lexicon=lexicon
        )

    def roundtrip(self, source: Any, folder: str | os.PathLike[str], **options: Any) -> RoundTrip:
        """A recording told again, and how well that is understood.

        Options are those of `workflows.roundtrip.roundtrip`, and settings by name.
        """
        from audiopipe.workflows.roundtrip import roundtrip

        changes = {name: options.pop(name) for name in _CHANGES & options.keys()}
        return roundtrip(source, folder, self.derive(**changes), **options)

    def watch(
        self, folder: str | os.PathLike[str], *, settle_s: float = 5.0, **changes: Any
    ) -> Iterator[Outcome]:
        """An outcome for each recording that is in a folder or comes into it, once it is whole,
        until `stop` is set; see `workflows.watch.watch`."""
        from audiopipe.workflows.watch import watch

        return watch(Path(folder), self.derive(**changes), settle_s)

    def fetch(
        self, feed: str, folder: str | os.PathLike[str] = ".", *, latest: int | None = None
    ) -> Iterator[Fetched]:
        """What a podcast's feed has that was not fetched before, downloaded; see
        `workflows.feeds.Podcast`.

        Args:
            feed: address of the feed, or `ytdlp:` and that of a page.
            folder: where the podcast has its folder.
            latest: only so many of the newest.
        """
        from audiopipe.workflows.feeds import Podcast

        return Podcast(feed, Path(folder), self.stop).fetch(latest)

    def run(
        self, recipe: Recipe | str | os.PathLike[str], sources: Iterable[Any] | None = None
    ) -> Iterator[Result]:
        """The stages of a pipeline for each recording; see `workflows.recipe.run`.

        Args:
            recipe: one that was read, or its file.
            sources: recordings, or `Task`s that name their results; None takes those that the
                recipe names.
        """
        from audiopipe.workflows.recipe import Task, read, run, tasks

        if isinstance(recipe, str | os.PathLike):
            sources = None if sources is None else [*sources]
            named = [each.source if isinstance(each, Task) else each for each in sources or ()]
            recipe = read(Path(recipe), {}, named)
        return run(recipe, tasks(recipe, sources), self)

    async def atranscribe(self, source: Any, **changes: Any) -> Transcript:
        """`transcribe`, awaited; if the task is cancelled, what is under way ends and is stored."""
        return await self._awaited(lambda own: own.transcribe(source, **changes))

    async def atranscribe_many(
        self, sources: Iterable[Any], **changes: Any
    ) -> AsyncIterator[Outcome]:
        """`transcribe_many`, as an asynchronous iterator. `sources` are read in threads."""
        own = self.derive(stop=self.stop.part())
        outcomes = own.transcribe_many(sources, **changes)
        try:
            while outcome := await asyncio.to_thread(next, outcomes, None):
                yield outcome
        finally:
            own.stop.set()

    async def achat(
        self, messages: str | Iterable[Message | Mapping[str, Any]], **options: Any
    ) -> Reply:
        """`chat`, awaited."""
        return await self._awaited(lambda own: own.chat(messages, **options))

    async def aspeak(
        self, text: str | Sequence[Paragraph], path: str | os.PathLike[str], **options: Any
    ) -> Speech:
        """`speak`, awaited."""
        return await self._awaited(lambda own: own.speak(text, path, **options))

    async def _awaited(self, work: Callable[[Session], T]) -> T:
        own = self.derive(stop=self.stop.part())
        try:
            return await asyncio.to_thread(work, own)
        finally:
            own.stop.set()


def transcribe(source: Any, **options: Any) -> Transcript:
    """The transcript of one recording; `Session.transcribe` of a session made for it alone.

    Args:
        source: see `Session`.
        options: arguments of `Session`, such as `backend="local"` or `language="de"`.
    """
    with Session(**options) as session:
        return session.transcribe(source)


def translate(source: Any, **options: Any) -> Transcript:
    """The English text of a recording in any language; arguments as in `transcribe`."""
    return transcribe(source, task="translate", **options)


def transcribe_many(sources: Iterable[Any], **options: Any) -> Iterator[Outcome]:
    """An outcome for each recording, in order; options as in `transcribe`.

    Raises:
        UsageError: settings that cannot work; raised before anything is read.
    """
    with ExitStack() as stack:
        outcomes = stack.enter_context(Session(**options)).transcribe_many(sources)
        return _closing(outcomes, stack.pop_all())


def _closing(outcomes: Iterator[T], stack: ExitStack) -> Iterator[T]:
    with stack:
        yield from outcomes


def align(source: Any, text: str | os.PathLike[str], **options: Any) -> Transcript:
    """A text that is known, with the time of each word; options as in `transcribe`."""
    with Session(**options) as session:
        return session.align(source, text)


def prepare(source: Any, **options: Any) -> Iterator[Chunk]:
    """The chunks of a recording as they would be sent; options as in `transcribe`."""
    return Session(**options).prepare(source)


def plan(sources: Iterable[Any], **options: Any) -> Plan:
    """What recordings will take, without network or key; options as in `transcribe`."""
    return Session(**options).plan(sources)


def chat(
    messages: str | Iterable[Message | Mapping[str, Any]],
    *,
    model: str = "",
    backend: Chatter | str | None = None,
    settings: Settings | None = None,
    api_key: str | None = None,
    **options: Any,
) -> Reply:
    """The answer to one question: options of `ChatSession.ask`, and settings such as `base_url`."""
    from audiopipe.conversation import ChatSession

    changes = {name: options.pop(name) for name in _CHANGES & options.keys()}
    with ChatSession(
        model, backend=backend, settings=settings, api_key=api_key, **changes
    ) as session:
        return session.ask(messages, **options)


def speak(
    text: str | Sequence[Paragraph],
    path: str | os.PathLike[str],
    *,
    title: str = "",
    author: str = "",
    tags: Tags | None = None,
    cast: Cast | None = None,
    lexicon: Lexicon | None = None,
    backend: Speaker | str | None = None,
    **options: Any,
) -> Speech:
    """Speak a text of any length into one file; other options as in `transcribe`."""
    options["backend" if isinstance(backend, str) else "speaker"] = backend
    with Session(**options) as session:
        return session.speak(
            text, path, title=title, author=author, tags=tags, cast=cast, lexicon=lexicon
        )


def roundtrip(
    source: Any,
    folder: str | os.PathLike[str],
    *,
    backend: Transcriber | str | None = None,
    chatter: Chatter | None = None,
    speaker: Speaker | None = None,
    settings: Settings | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
    api_key: str | None = None,
    **options: Any,
) -> RoundTrip:
    """A recording told again, and how well that is understood: `Session.roundtrip`."""
    with Session(
        settings,
        backend=backend,
        chatter=chatter,
        speaker=speaker,
        listener=listener,
        stop=stop,
        api_key=api_key,
        **{name: options.pop(name) for name in _CHANGES & options.keys()},
    ) as session:
        return session.roundtrip(source, folder, **options)
