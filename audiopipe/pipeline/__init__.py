"""The whole on one screen: from recordings to transcripts."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

from audiopipe.backends.catalog import TIERS
from audiopipe.backends.prompt import with_terms
from audiopipe.backends.protocols import Transcriber, Upload
from audiopipe.backends.registry import choose
from audiopipe.concurrency import Stop, ordered_map, prefetch
from audiopipe.errors import AudiopipeError, BackendError, Stopped, UsageError
from audiopipe.limits.spending import Spending
from audiopipe.pipeline.intake import End, Part, chunks, pieces
from audiopipe.pipeline.recognise import Recogniser
from audiopipe.settings import ANSWERS, Settings, cache_folder, change, load
from audiopipe.stages.context import recall
from audiopipe.stages.finish.channels import merge_channels
from audiopipe.stages.finish.drop import drop
from audiopipe.stages.finish.glossary import Glossary, Replacement, read_glossary
from audiopipe.stages.finish.replace import replace_words
from audiopipe.stages.flag import flag_languages
from audiopipe.stages.flag.thresholds import thresholds_for
from audiopipe.stages.stitch import stitch
from audiopipe.store.answers import Store
from audiopipe.values.audio import Chunk, Span
from audiopipe.values.events import Listener, Teller
from audiopipe.values.flags import require_kinds
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Failure, Source, Transcript

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a transcript, or the error that prevented it.

    Attributes:
        spent: what this run paid; answers of earlier runs cost nothing.
        cached_chunks: chunks that were answered from an earlier run.
    """

    source: Any
    transcript: Transcript | None = None
    error: AudiopipeError | None = None
    spent: Usage = field(default_factory=Usage)
    cached_chunks: int = 0


def transcribe(
    source: Any,
    *,
    backend: Transcriber | None = None,
    settings: Settings | None = None,
    **changes: Any,
) -> Transcript:
    """The transcript of one recording.

    Args:
        source: a path, an https URL, bytes, a binary file object, a pair of samples (float or
            int16, shape (n,) or (n, channels)) and their rate in Hz, or a `pydub.AudioSegment`.
        backend: who recognises; None chooses by `settings.backend` and the environment.
        settings: all settings at once; None takes the defaults and the environment.
        changes: single settings by name, such as `language="de"`.

    Raises:
        UsageError: settings that cannot work.
        InputError: the recording cannot be used.
        BackendError: nothing of it could be recognised.
    """
    (outcome,) = transcribe_many([source], backend=backend, settings=settings, **changes)
    if outcome.error:
        raise outcome.error
    assert outcome.transcript is not None
    return outcome.transcript


def translate(source: Any, **options: Any) -> Transcript:
    """The English text of a recording in any language; arguments as in `transcribe`."""
    return transcribe(source, task="translate", **options)


def transcribe_many(
    sources: Iterable[Any],
    *,
    backend: Transcriber | None = None,
    settings: Settings | None = None,
    spending: Spending | None = None,
    listener: Listener | None = None,
    stop: Stop | None = None,
    **changes: Any,
) -> Iterator[Outcome]:
    """An outcome for each recording, in order, each as soon as it is whole.

    Chunks of the next recordings are prepared and sent while the last ones are still recognised.
    A recording that fails is an outcome with its error; the others go on. Each answer is stored as
    it arrives, and a later run with the same question does not ask again.

    Args:
        sources, backend, settings, changes: as in `transcribe`.
        spending: pays; None takes one with the bounds that the settings name.
        listener: told what happens meanwhile.
        stop: once it is set, what is under way ends and is stored, and `Stopped` is raised.

    Raises:
        UsageError: settings that cannot work; raised before anything is read.
        AudiopipeError: what makes every other input pointless too, such as a refused key.
    """
    settings = change(settings or load({}, os.environ), changes)
    glossary = read_glossary(settings.glossary) if settings.glossary else Glossary()
    prompt, left_out = with_terms(settings.prompt or "", glossary.terms)
    if left_out:
        terms = len(glossary.terms)
        _log.warning("%d of %d terms of the glossary do not fit in the prompt", left_out, terms)
    chosen = backend or choose(settings, os.environ).transcriber
    request = chosen.accept(
        Request(
            settings.task,
            settings.model,
            settings.language,
            prompt or None,
            settings.temperature,
            settings.word_timestamps,
        )
    )
    stop = (stop or Stop()).part()
    teller = Teller(listener, stop)
    recogniser = Recogniser(
        backend=chosen,
        request=request,
        settings=settings,
        thresholds=thresholds_for(request.model, settings.flag_limits),
        store=Store(cache_folder(settings, os.environ) / ANSWERS) if settings.cache else None,
        spending=spending or Spending(settings.max_cost_usd, settings.max_requests),
        repair_spending=Spending(settings.max_repair_cost_usd, flag="--max-repair-cost"),
        tell=teller.tell,
        pause=teller.pause,
    )
    run = _Run(recogniser, stop, require_kinds(settings.drop), glossary.replacements)
    return run.outcomes(sources, owned=backend is None)


def prepare(source: Any, *, settings: Settings | None = None, **changes: Any) -> Iterator[Chunk]:
    """The chunks of a recording as they would be sent, one by one while it is decoded.

    Args:
        source, settings, changes: as in `transcribe`; `channels` may not be `split`.

    Raises:
        UsageError: settings that cannot work.
        InputError: the recording cannot be used.
    """
    settings = change(settings or load({}, os.environ), changes)
    for piece in prepare_and_tell(source, settings):
        if isinstance(piece, Chunk):
            yield piece


def prepare_and_tell(source: Any, settings: Settings) -> Iterator[Chunk | Failure]:
    """The chunks as `prepare` gives them, then what of the recording is in none of them."""
    if settings.channels == "split":
        raise UsageError("chunks of split channels are for transcribe; take left or right")
    upload = Upload((settings.upload_format,), TIERS[settings.tier].max_upload_bytes)
    for piece in chunks(source, upload, settings):
        if isinstance(piece, Part) and isinstance(piece.audio, Chunk):
            yield piece.audio
        elif isinstance(piece, End):
            for loss in piece.losses:
                span = f"{loss.span.start_s:.1f} to {loss.span.end_s:.1f} s"
                _log.warning("%s: nothing from %s: %s", piece.name, span, loss.reason)
                yield loss


@dataclass(frozen=True, slots=True)
class _Heard:
    """What became of a part; it had to be cut smaller if there are several results."""

    number: int
    channel: int
    results: tuple[ChunkTranscript | ChunkFailure, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """All that the workers of one run share."""

    recogniser: Recogniser
    stop: Stop
    dropped: frozenset[str]
    """Kinds of flags whose text is struck."""
    replacements: tuple[Replacement, ...]
    last: dict[tuple[int, int], ChunkTranscript | ChunkFailure] = field(default_factory=dict)
    """What became of the last chunk of a recording's channel, where the next one is told of it."""
    broken: list[AudiopipeError] = field(default_factory=list)
    """What stopped the run, the first reason first."""

    def outcomes(self, sources: Iterable[Any], *, owned: bool) -> Iterator[Outcome]:
        recogniser = self.recogniser
        backend, settings = recogniser.backend, recogniser.settings
        with ExitStack() as stack:
            if owned:
                stack.callback(backend.close)
            if recogniser.store:
                stack.enter_context(recogniser.store)
            upload = backend.upload(recogniser.request)
            workers = settings.workers or backend.workers
            # chunks that wait for one another keep one worker busy: as many recordings are open
            at_once = workers if settings.condition_on_previous_text else 1
            todo = pieces(sources, upload, settings, stop=self.stop, at_once=at_once)
            ahead = stack.enter_context(prefetch(todo, depth=2))
            stack.callback(self.stop.set)
            stack.callback(recogniser.ears.shutdown, cancel_futures=True)
            try:
                results = ordered_map(self.work, ahead, workers=workers, chain=self.chain)
                yield from self.in_order(results)
            except Stopped as error:
                raise self.broken[0] if self.broken else error from None

    def in_order(self, results: Iterable[_Heard | End]) -> Iterator[Outcome]:
        """The outcomes in the order of the recordings, whose ends may come in another one."""
        heard: defaultdict[int, list[_Heard]] = defaultdict(list)
        ready: dict[int, Outcome] = {}
        next_ = 0
        for result in results:
            if isinstance(result, _Heard):
                heard[result.number].append(result)
                continue
            parts = heard.pop(result.number, [])
            for part in parts:
                self.last.pop((part.number, part.channel), None)
            ready[result.number] = _outcome(result, parts, self)
            while next_ in ready:
                yield ready.pop(next_)
                next_ += 1

    def work(self, piece: Part | End) -> _Heard | End:
        if isinstance(piece, End):
            return piece
        self.stop.check()
        try:
            results = self.recogniser_of(piece).recognise(piece.name, piece.audio)
        except AudiopipeError as error:
            if not isinstance(error, Stopped):
                self.broken.append(error)
                self.stop.set()
            raise
        if chain := self.chain(piece):
            self.last[chain] = results[-1]
        return _Heard(piece.number, piece.channel, results)

    def chain(self, piece: Part | End) -> tuple[int, int] | None:
        """What a chunk shares with those that it waits for."""
        told = self.recogniser.settings.condition_on_previous_text
        return (piece.number, piece.channel) if told and isinstance(piece, Part) else None

    def recogniser_of(self, piece: Part) -> Recogniser:
        """The recogniser that knows what was said before a chunk, if that is wanted."""
        before = self.last.get((piece.number, piece.channel))
        if before is None or not isinstance(piece.audio, Chunk):
            return self.recogniser
        request = self.recogniser.request
        prompt = recall(request.prompt or "", before, piece.audio.window.span.start_s)
        return replace(self.recogniser, request=replace(request, prompt=prompt or None))


def _outcome(end: End, heard: Sequence[_Heard], run: _Run) -> Outcome:
    """The stitched whole; an error if nothing at all was recognised."""
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
            _stitched(_of_channel(heard, channel), source, run)
            for channel in sorted({each.channel for each in heard})
        ]
    )
    losses = end.losses
    if end.error:
        losses += (Failure(Span(duration_s, duration_s), str(end.error)),)
    transcript = replace(transcript, failures=transcript.failures + losses)
    return Outcome(end.source, transcript, None, spent, cached)


def _stitched(
    results: Iterable[ChunkTranscript | ChunkFailure], source: Source, run: _Run
) -> Transcript:
    """One channel's transcript, without the text that the settings strike."""
    asked = run.recogniser
    flagged = flag_languages(results, thresholds=asked.thresholds)
    heard = stitch(flagged, source, asked.request, asked.backend.name)
    whole = replace_words(heard, run.replacements)
    kept = drop(whole, run.dropped)
    if gone := len(whole.segments) - len(kept.segments):
        kinds = ", ".join(sorted(run.dropped))
        _log.info("%s: %d segments dropped as %s", source.name, gone, kinds)
    return kept


def _of_channel(heard: Iterable[_Heard], channel: int) -> Iterator[ChunkTranscript | ChunkFailure]:
    """The results of a channel, numbered anew: a chunk that was cut smaller is several."""
    results = (result for each in heard if each.channel == channel for result in each.results)
    for index, result in enumerate(results):
        yield replace(result, window=replace(result.window, index=index))
