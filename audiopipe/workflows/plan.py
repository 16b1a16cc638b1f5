"""What a batch will take, told before anything is spent: without network, key or decoding."""

from __future__ import annotations

import math
import re
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from typing import Any

from audiopipe.audio.reading import Recording, most_samples, open_source
from audiopipe.audio.reading.remote import is_remote
from audiopipe.backends.catalog import MAX_UPLOAD_BYTES, MODELS, billed_s, cost_usd, limits_of
from audiopipe.backends.http.address import is_groqs
from audiopipe.backends.openai.transcribe import Groq, OpenAI
from audiopipe.backends.protocols import Upload
from audiopipe.concurrency import ordered_map
from audiopipe.errors import EmptyAudio, InputError, TooLongAudio, UsageError
from audiopipe.limits.rules import Cost, Limits, Slot, schedule
from audiopipe.pipeline.intake import cutting
from audiopipe.settings import Settings
from audiopipe.stages.chunk import Cutting
from audiopipe.stages.prepare import LEAST_S, prepare
from audiopipe.values.audio import RATE_HZ, AudioFormat
from audiopipe.values.requests import Request

LENGTHS_S = (60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1500.0)
"""Chunk lengths that are tried for the one that finishes soonest."""

BYTES_PER_S: dict[AudioFormat, int] = {"flac": 16_000, "wav": 32_000, "opus": 3_000}
"""What a second of an upload takes. WAV is exact; FLAC was measured on an hour of speech (57.5 MB)
and takes up to twice as much for loud music; Opus is encoded at 24 kbit/s."""

_PROBES = 4
"""Files looked at together: a disk or a network share answers several at once."""

_WORTH = 0.99
"""Another chunk length is recommended if it takes at most this share of the time."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a batch takes if it is cut into chunks of one length.

    Attributes:
        chunk_length_s: the longest chunk, overlaps included.
        requests: chunks, each of them one request.
        audio_s: seconds sent, overlaps included.
        overlap_s: how many of these are sent twice.
        billed_s: seconds that are paid for.
        finish_s: seconds until the limits let the last request go, from unused limits on.
        cause: the limit that it waits for; "" if it need not wait.
    """

    chunk_length_s: float
    requests: int
    audio_s: float
    overlap_s: float
    billed_s: float
    finish_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class Share:
    """What a batch needs of one limit: `share` is `needed / units`, above 1 if it has to wait.

    `name` is the limit's, such as `ash`, `words` its unit, and `units` what one window allows.
    """

    name: str
    words: str
    units: float
    needed: float
    share: float


@dataclass(frozen=True, slots=True)
class Price:
    """What a batch costs with a model, in USD; None where that is not known."""

    model: str
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Advice:
    """A model, and why to take it."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch will take. Answers of earlier runs are not known here: it may take less.

    Attributes:
        backend: `groq` or `openai`.
        model: full id of the model.
        files: recordings that can be used.
        recorded_s: their length in seconds.
        decoded: how many had to be decoded because their headers do not tell their length.
        unknown: addresses; they are not counted, for their length is not known before a download.
        unusable: one line for each input that cannot be used.
        load: what they take as the settings are.
        soonest: what they take with the chunk length that finishes soonest; `load` itself unless
            another is worth it.
        is_bound: whether no more than `load` can be needed; False where chunks are so long that
            their size in bytes, known only to the encoder, decides where they end.
        upload_bytes: an estimate of what is sent.
        cost_usd: price with the model; None where it is not known.
        prices: of each model that can do the task, the cheapest first.
        shares: what is needed of each limit.
        advice: the model to take by Groq's guide; None for other servers.
    """

    backend: str
    model: str
    files: int
    recorded_s: float
    decoded: int
    unknown: tuple[str, ...]
    unusable: tuple[str, ...]
    load: Load
    soonest: Load
    is_bound: bool
    upload_bytes: int
    cost_usd: float | None
    prices: tuple[Price, ...]
    shares: tuple[Share, ...]
    advice: Advice | None


def plan(sources: Iterable[Any], settings: Settings) -> Plan:
    """What transcribing the same recordings will take.

    Only headers are read where they tell the length; memory does not grow with the files but for
    their lengths. A server's limits are those of the tier and of `settings.limits`.

    Args:
        sources: as `Session.transcribe` takes them.
        settings: of the run.

    Raises:
        UsageError: settings that cannot work, or the embedded engine, which has no limits.
    """
    server = _Server.of(settings)
    found = _Found()
    for result in ordered_map(partial(_look_at, settings=settings), sources, workers=_PROBES):
        found.add(result)
    how, whole = server.cutting(settings), server.load(settings, found)
    model = server.request.model
    return Plan(
        "groq" if server.is_groq else "openai",
        model,
        found.files,
        found.recorded_s,
        found.decoded,
        tuple(found.unknown),
        tuple(found.unusable),
        whole,
        server.soonest(settings, found, whole),
        how.length_s * RATE_HZ <= most_samples(how.max_bytes),
        round(whole.audio_s * BYTES_PER_S[how.audio_format]),
        cost_usd(model, whole.billed_s, batched=settings.batch) if server.is_groq else None,
        tuple(_prices(settings, whole)) if server.is_groq else (),
        tuple(_shares(server.limits, whole)),
        _advice(server.request) if server.is_groq else None,
    )


@dataclass(frozen=True, slots=True)
class _Probe:
    """A recording's length, and into how many channels it is split."""

    recorded_s: float
    outputs: int
    was_decoded: bool


class _Found:
    """What is known of all files: a length for each channel that is sent, and sums."""

    def __init__(self) -> None:
        self.lengths_s = array("d")
        self.files = self.decoded = 0
        self.recorded_s = 0.0
        self.unknown: list[str] = []
        self.unusable: list[str] = []

    def add(self, result: _Probe | InputError | str) -> None:
        if isinstance(result, _Probe):
            self.files += 1
            self.decoded += result.was_decoded
            self.recorded_s += result.recorded_s
            self.lengths_s.extend(repeat(result.recorded_s, result.outputs))
        elif isinstance(result, InputError):
            self.unusable.append(str(result))
        else:
            self.unknown.append(result)


def _look_at(source: Any, settings: Settings) -> _Probe | InputError | str:
    """A recording's length, or why it cannot be used, or an address as it is."""
    if isinstance(source, str) and (re.match(r"https?://", source) or is_remote(source)):
        return source
    try:
        with open_source(source, track=settings.track or None) as recording:
            told_s = recording.duration_s
            seconds = _decoded_s(recording, settings) if told_s is None else told_s
            _check(recording.name, seconds, settings.max_duration_s or math.inf)
            outputs = recording.channels if settings.channels == "split" else 1
            return _Probe(seconds, outputs, told_s is None)
    except InputError as error:
        return error


def _decoded_s(recording: Recording, settings: Settings) -> float:
    with closing(prepare(recording, max_duration_s=settings.max_duration_s or None)) as blocks:
        return sum(map(len, blocks)) / RATE_HZ


def _check(name: str, seconds: float, most_s: float) -> None:
    """Refuse what `prepare` refuses."""
    if seconds < LEAST_S:
        raise EmptyAudio(f"{name} holds less than {LEAST_S} s of sound")
    if seconds > most_s:
        raise TooLongAudio(f"{name} is longer than the {most_s:g} s that --max-duration allows")


@dataclass(frozen=True, slots=True)
class _Server:
    """Whom the plan is for, what is asked of it, and its limits."""

    is_groq: bool
    request: Request
    limits: Limits

    @classmethod
    def of(cls, settings: Settings) -> _Server:
        if settings.backend == "local":
            raise UsageError("nothing to plan: the embedded engine has no limits and no price")
        is_groq = settings.backend == "groq" or (
            settings.backend == "auto" and (not settings.base_url or is_groqs(settings.base_url))
        )
        # no key is asked for where an address is given
        with (Groq if is_groq else OpenAI)(base_url=settings.base_url or _NOWHERE) as backend:
            request = backend.accept(Request(settings.task, settings.model, settings.language))
        if settings.batch:  # which has limits of its own
            return cls(is_groq, request, Limits())
        known = limits_of(request.model, settings.tier) if is_groq else Limits()
        return cls(is_groq, request, known.changed(settings.limits))

    def cutting(self, settings: Settings) -> Cutting:
        """How recordings are cut, chunks no longer than their bytes are likely to allow."""
        most_s = self.limits.most("audio_s")
        how = cutting(Upload(("flac", "wav", "opus"), MAX_UPLOAD_BYTES, most_s), settings)
        if settings.batch:  # the provider fetches recordings, and takes each whole
            return replace(how, length_s=_LONGEST_S)
        likely_s = how.max_bytes / BYTES_PER_S[how.audio_format]
        return replace(how, length_s=min(how.length_s, likely_s))

    def load(self, settings: Settings, found: _Found) -> Load:
        """What the files take as the settings are, the shortest first."""
        how = self.cutting(settings)
        counts = [(how.count(seconds), seconds) for seconds in sorted(found.lengths_s)]
        evenly = [(n, (seconds + how.overlap_s * (n - 1)) / n) for n, seconds in counts]
        audio_s = sum(n * each_s for n, each_s in evenly)
        costs = (cost for n, each_s in evenly for cost in repeat(Cost(audio_s=each_s), n))
        slot = next(iter(deque(schedule({}, self.limits, costs), maxlen=1)), Slot(0.0, None))
        return Load(
            chunk_length_s=how.length_s,
            requests=sum(n for n, _ in evenly),
            audio_s=audio_s,
            overlap_s=audio_s - sum(found.lengths_s),
            billed_s=sum(n * billed_s(each_s) for n, each_s in evenly) if self.is_groq else audio_s,
            finish_s=slot.wait_s,
            cause=str(slot.cause or ""),
        )

    def soonest(self, settings: Settings, found: _Found, whole: Load) -> Load:
        """What they take with the best of `LENGTHS_S`; `whole` if none is worth a change."""
        others = (
            []
            if settings.batch
            else [
                replace(settings, chunk_length_s=length_s)
                for length_s in LENGTHS_S
                if length_s > 2 * settings.overlap_s
            ]
        )
        loads = (self.load(each, found) for each in others)
        best = min(loads, key=lambda load: load.finish_s, default=whole)
        return best if best.finish_s < _WORTH * whole.finish_s else whole


_NOWHERE = "http://localhost"

_LONGEST_S = 1e7
"""Four months."""


def _prices(settings: Settings, whole: Load) -> Iterator[Price]:
    able = [
        model
        for model in MODELS
        if model.provider == "groq" and settings.task in model.tasks and not model.retired_on
    ]
    for model in sorted(able, key=lambda model: model.price_usd or math.inf):
        yield Price(model.id, cost_usd(model.id, whole.billed_s, batched=settings.batch))


def _shares(limits: Limits, whole: Load) -> Iterator[Share]:
    sum_of_all = Cost(requests=whole.requests, audio_s=whole.audio_s)
    for each in limits.allowances():
        needed = sum_of_all.of(each.rule.quantity)
        yield Share(each.rule.name, each.rule.words, each.units, needed, needed / each.units)


def _advice(request: Request) -> Advice:
    """What Groq's guide of mid 2025 says, with the successor of a model that it names."""
    if request.task == "translate":
        return Advice(_LARGE, "the only one that translates")
    if request.language == "en":
        return Advice(_TURBO, "English only; the successor of distil-whisper-large-v3-en")
    return Advice(
        _TURBO,
        f"any language at the best price; where errors cost more, {_LARGE} (10.3 % of words wrong, "
        "not 12 %)",
    )


_TURBO, _LARGE = "whisper-large-v3-turbo", "whisper-large-v3"
