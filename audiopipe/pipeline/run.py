"""One run: the workers' common knowledge, and the order of what they give."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audiopipe import plugins
from audiopipe.audio.voiceprint import Directions
from audiopipe.backends.prompt import with_terms
from audiopipe.backends.protocols import Upload
from audiopipe.concurrency import Stop
from audiopipe.context import Context
from audiopipe.errors import AudiopipeError, Stopped
from audiopipe.limits.spending import Spending
from audiopipe.pipeline.intake import End, Part
from audiopipe.pipeline.outcome import Assembly, Outcome, Recognised
from audiopipe.pipeline.recognise import Recogniser
from audiopipe.settings import Settings
from audiopipe.stages.context import recall
from audiopipe.stages.finish.glossary import Glossary, read_glossary
from audiopipe.stages.flag.measures import unmeasured
from audiopipe.stages.flag.thresholds import thresholds_for
from audiopipe.stages.speakers import require_speakers
from audiopipe.stages.speakers.album import Album
from audiopipe.stages.speakers.names import alike
from audiopipe.stages.speakers.sample import voice_of
from audiopipe.values.audio import Chunk
from audiopipe.values.events import Settled
from audiopipe.values.flags import KINDS
from audiopipe.values.requests import Request
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript, Transcript

_log = logging.getLogger("audiopipe")

_SEAMS = 4
"""Parts that are stitched to tell what the last of them settled: those before reach no further."""


def run_of(context: Context) -> Run:
    """A run with the settings of the context, its stop being a part of that one's.

    Raises:
        UsageError: settings that cannot work.
        AuthError: no key.
        EngineMissing: the embedded engine is not installed.
    """
    settings = context.settings
    glossary = read_glossary(settings.glossary) if settings.glossary else Glossary()
    backend = context.transcriber
    request = backend.accept(
        Request(
            settings.task,
            settings.model,
            settings.language,
            _prompt(settings.prompt or "", glossary.terms),
            settings.temperature,
            settings.word_timestamps,
        )
    )
    part = context.derive(stop=context.stop.part())
    recogniser = Recogniser(
        backend=backend,
        request=request,
        settings=settings,
        thresholds=thresholds_for(request.model, settings.flag_limits),
        checks=tuple(plugins.loaded("checks")),
        store=context.store,
        spending=context.spending,
        repair_spending=Spending(settings.max_repair_cost_usd, flag="--max-repair-cost"),
        tell=part.teller.tell,
        pause=part.teller.pause,
    )
    assembly = Assembly(
        request,
        backend.name,
        recogniser.thresholds,
        frozenset(settings.drop),
        glossary.replacements,
        settings.who,
    )
    album = Album(context.store if settings.speakers_across else None, settings.output_dir)
    known = {**album.voices(), **_samples(settings, part.stop)}
    return Run(recogniser, assembly, part.stop, album, known=known)


def _samples(settings: Settings, stop: Stop) -> dict[str, Directions]:
    """The voices that have names.

    Raises:
        EngineMissing: speakers are wanted, and cannot be told apart here.
        InputError: a sample cannot be used.
    """
    if settings.who:
        require_speakers()
    named = (each.partition("=") for each in settings.voice_samples)
    voices = {name: voice_of(path, stop) for name, _, path in named}
    for pair in alike(voices):
        _log.warning("the samples of %s and %s sound like one voice: one name will stand", *pair)
    return voices


def _prompt(prompt: str, terms: tuple[str, ...]) -> str | None:
    longer, left_out = with_terms(prompt, terms)
    if left_out:
        _log.warning(
            "%d of %d terms of the glossary do not fit in the prompt", left_out, len(terms)
        )
    return longer or None


@dataclass(frozen=True, slots=True)
class Run:
    """All that the workers of one run share.

    Attributes:
        recogniser: recognises chunks.
        assembly: makes transcripts of what they give.
        stop: ends this run alone.
        album: the voices of the output folder, where they are to be known again.
        last: what became of the last chunk of a recording's channel, where the next is told of it.
        broken: what stopped the run, the first reason first.
        known: voices that have names; those of earlier recordings too, where they are to be known
            again.
        off: kinds of flags that the recogniser's answers cannot have, as far as was told.
    """

    recogniser: Recogniser
    assembly: Assembly
    stop: Stop
    album: Album
    last: dict[tuple[int, int], ChunkTranscript | ChunkFailure] = field(default_factory=dict)
    broken: list[AudiopipeError] = field(default_factory=list)
    known: dict[str, Directions] = field(default_factory=dict)
    off: set[str] = field(default_factory=set)

    @property
    def settings(self) -> Settings:
        return self.recogniser.settings

    @property
    def upload(self) -> Upload:
        """What one request may carry."""
        return self.recogniser.backend.upload(self.recogniser.request)

    @property
    def workers(self) -> int:
        """Requests under way at once."""
        return self.settings.workers or self.recogniser.backend.workers

    @property
    def at_once(self) -> int:
        """Recordings that are open together: chunks that wait for one another keep one worker
        busy."""
        return self.workers if self.settings.condition_on_previous_text else 1

    def end(self) -> None:
        """Nothing is begun any more."""
        self.stop.set()
        self.recogniser.ears.shutdown(cancel_futures=True)

    def in_order(self, results: Iterable[Recognised | End]) -> Iterator[Outcome]:
        """The outcomes in the order of the recordings, whose ends may come in another one."""
        heard: defaultdict[int, list[Recognised]] = defaultdict(list)
        told_s: defaultdict[int, float] = defaultdict(float)
        ready: dict[int, tuple[End, list[Recognised]]] = {}
        next_ = 0
        for result in results:
            if isinstance(result, Recognised):
                parts = heard[result.number]
                parts.append(result)
                told_s[result.number] = self._settle(parts, told_s[result.number])
                continue
            parts = heard.pop(result.number, [])
            for part in parts:
                self.last.pop((part.number, part.channel), None)
            ready[result.number] = result, parts
            while next_ in ready:
                yield self._outcome(*ready.pop(next_))
                next_ += 1

    def _outcome(self, end: End, parts: list[Recognised]) -> Outcome:
        outcome = self.assembly.outcome(end, parts, self.known)
        if self.settings.speakers_across:
            self.known.update({**outcome.voices, **self.known})
            self.album.keep(self.known)
        if outcome.transcript:
            self._tell_unmeasured(outcome.transcript)
        return outcome

    def _tell_unmeasured(self, transcript: Transcript) -> None:
        """Say once in a run which flags cannot be raised: the recogniser gives no measure."""
        off = set(unmeasured(transcript.segments)) - self.off
        if off:
            self.off.update(off)
            kinds = ", ".join(kind for kind in KINDS if kind in off)
            _log.warning(
                "%s does not measure how sure it is, so that these flags are off: %s",
                transcript.model or transcript.backend,
                kinds,
            )

    def _settle(self, parts: Sequence[Recognised], from_s: float) -> float:
        """Tell what the newest part has settled; the end of what is told now.

        Nothing is, where the whole decides what is struck, or channels are merged.
        """
        settings = self.settings
        if settings.drop or settings.who or settings.channels == "split" or settings.by_url:
            return from_s
        segments = self.assembly.settled(parts[-_SEAMS:], from_s)
        if not segments:
            return from_s
        self.recogniser.tell(Settled(parts[-1].number, segments))
        return segments[-1].span.end_s

    def work(self, piece: Part | End) -> Recognised | End:
        if isinstance(piece, End):
            return piece
        self.stop.check()
        voices = self.recogniser.voices(piece.audio)
        try:
            results = self.recogniser_of(piece).recognise(piece.name, piece.audio)
            prints = voices.result() if voices else None
        except AudiopipeError as error:
            if not isinstance(error, Stopped):
                self.broken.append(error)
                self.stop.set(gently=True)
            raise
        if chain := self.chain(piece):
            self.last[chain] = results[-1]
        return Recognised(piece.number, piece.channel, results, prints)

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
