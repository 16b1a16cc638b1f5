"""From a chunk to its transcript: recognised, flagged, and repaired where that was asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from audiopipe.audio.excerpt import samples_of
from audiopipe.audio.vad import Voice
from audiopipe.audio.voiceprint import Prints
from audiopipe.backends.protocols import Transcriber, guarded
from audiopipe.errors import BackendError, LimitReached, RequestTooLarge
from audiopipe.limits.spending import Spending
from audiopipe.settings import Settings
from audiopipe.stages.chunk.halve import halve
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.evidence import Check
from audiopipe.stages.flag.listen import listen
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.stages.repair import Answer, repair
from audiopipe.stages.repair.attempts import Attempt, attempts
from audiopipe.stages.repair.passages import passages
from audiopipe.stages.speakers.prints import prints_of
from audiopipe.stages.transcribe import transcribe
from audiopipe.store.keeping import Answers
from audiopipe.text.languages import the_only
from audiopipe.values.audio import Chunk, RemoteAudio, Span, Window
from audiopipe.values.events import Event, Heard, Lost, Mended, Pause
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkFailure, ChunkTranscript

_LEAST_HALVED_S = 2.0
"""A shorter chunk is not cut smaller when it is refused as too large: something else is wrong."""

_UNKNOWN = Window(0, (Span(0, 0),), Span(0, 0))
"""Audio that was never seen here."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Recognises chunks, for all workers of a run.

    Attributes:
        backend: who recognises.
        request: what is asked of each chunk, as the backend accepted it.
        settings: of the run.
        thresholds: of the flags.
        checks: those of plug-ins, by name.
        store: answers of earlier runs; None keeps none.
        spending: pays for all requests.
        repair_spending: what of that may go into repairs.
        pause: waits, for a limit or before another try.
        tell: told what happens.
        ears: find where somebody speaks while answers are under way: two threads hear faster than
            recordings are prepared, and leave the others to send.
    """

    backend: Transcriber
    request: Request
    settings: Settings
    thresholds: Thresholds
    checks: tuple[tuple[str, Check], ...]
    store: Answers | None
    spending: Spending
    repair_spending: Spending
    pause: Pause
    tell: Callable[[Event], None]
    ears: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    def recognise(
        self, name: str, audio: Chunk | RemoteAudio
    ) -> tuple[ChunkTranscript | ChunkFailure, ...]:
        """A result, or those of the halves of a chunk that is too large for one request.

        Args:
            name: of the recording.
            audio: what to recognise.

        Raises:
            AudiopipeError: what makes every other chunk pointless too.
        """
        window = audio.window if isinstance(audio, Chunk) else _UNKNOWN
        listening = self._listening(audio)
        try:
            result = self._ask(audio, self.request)
        except BackendError as error:
            if error.stops_run:
                raise
            if isinstance(error, RequestTooLarge) and window.audio_s > _LEAST_HALVED_S:
                assert isinstance(audio, Chunk)
                overlap_s = min(self.settings.overlap_s, window.audio_s / 5)
                halves = halve(audio, overlap_s=overlap_s)
                return tuple(each for half in halves for each in self.recognise(name, half))
            self.tell(Lost(name, window.core, str(error)))
            return (ChunkFailure(window, str(error)),)
        self.tell(Heard(name, result.window.core, result.usage, result.cached))
        voice = listening.result() if listening else None
        heard = self._flagged(result, self.request, voice)
        if self._repairs and isinstance(audio, Chunk):
            heard = self._repaired(name, audio, heard, voice)
        return (heard,)

    def voices(self, audio: Chunk | RemoteAudio) -> Future[Prints] | None:
        """Whose voices a chunk holds, found meanwhile; None if nobody wants to know."""
        if self.settings.who and isinstance(audio, Chunk):
            return self.ears.submit(prints_of, audio, store=self.store)
        return None

    @property
    def _repairs(self) -> bool:
        """As the settings say, else where an engine of this process is asked, at no cost."""
        if self.settings.repair is not None:
            return self.settings.repair
        return not self.backend.address and not self.backend.price(1.0, self.request).cost_usd

    def _listening(self, audio: Chunk | RemoteAudio) -> Future[Voice] | None:
        if self.settings.voice_check and isinstance(audio, Chunk):
            return self.ears.submit(listen, audio, store=self.store)
        return None

    def _repaired(
        self, name: str, chunk: Chunk, heard: ChunkTranscript, voice: Voice | None
    ) -> ChunkTranscript:
        """The transcript with the better answer in each passage that is not to be trusted."""
        doubtful = list(passages(heard, voice))
        if not doubtful:
            return heard
        samples, budget = samples_of(chunk), iter(range(self.settings.max_repairs))
        for passage in doubtful:
            request = replace(self.request, language=self._language(heard, passage.span))
            others = self.backend.others(request)
            ways = attempts(chunk, samples, passage, request, others, self.settings.denoise)
            answers, missing = self._answers(ways, budget, voice)
            heard = repair(heard, passage, answers, missing)
            usage = sum((answer.heard.usage for answer in answers), Usage())
            spent = sum((answer.heard.spent for answer in answers), Usage())
            self.tell(Mended(name, passage.span, heard.repairs[-1].replaced, usage, spent))
        return self._flagged(heard, self.request, voice)

    def _language(self, heard: ChunkTranscript, span: Span) -> str | None:
        """What a passage is asked for in: as was told, else what most of it was heard in; what is
        beside it says nothing of it."""
        if self.request.task != "transcribe" or the_only(self.request.language):
            return self.request.language
        spoken_s: defaultdict[str | None, float] = defaultdict(float)
        for segment in heard.segments:
            spoken_s[segment.language or heard.language] += segment.span.overlap_s(span)
        language = max(spoken_s, key=spoken_s.__getitem__, default=None)
        return language if spoken_s[language] else self.request.language

    def _answers(
        self, ways: Iterable[Attempt], budget: Iterator[int], voice: Voice | None
    ) -> tuple[list[Answer], str]:
        """What was heard, up to the first answer without a doubt; and why there may be none."""
        answers: list[Answer] = []
        missing = ""
        for attempt in ways:
            if next(budget, None) is None:
                return answers, "No more repairs of this chunk are allowed (--max-repairs)."
            price = self.backend.price(attempt.chunk.window.audio_s, attempt.request)
            try:
                self.repair_spending.take(price)
            except LimitReached:
                return answers, "No more repairs can be paid (--max-repair-cost)."
            try:
                heard = self._ask(attempt.chunk, attempt.request)
            except BackendError as error:
                # that another model is not to be had is no reason to stop
                if error.stops_run and attempt.request.model == self.request.model:
                    raise
                missing = f"It could not be asked about again: {error}."
                continue
            if heard.cached:
                self.repair_spending.give_back(price)
            answers.append(Answer(attempt.how, self._flagged(heard, attempt.request, voice)))
            if not answers[-1].heard.flags:
                break
        return answers, missing

    def _ask(self, audio: Chunk | RemoteAudio, request: Request) -> ChunkTranscript:
        with guarded(self.backend.name):
            return transcribe(
                audio,
                request,
                self.backend,
                store=self.store,
                spending=self.spending,
                pause=self.pause,
            )

    def _flagged(
        self, heard: ChunkTranscript, request: Request, voice: Voice | None
    ) -> ChunkTranscript:
        return flag(
            heard,
            thresholds=self.thresholds,
            voice=voice,
            prompt=request.prompt,
            more_checks=self.checks,
        )
