"""The embedded engine: Whisper through faster-whisper, with weights that packages carry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiopipe.audio.vad import best_detector
from audiopipe.backends.local.engine import Engine, require_there
from audiopipe.backends.local.weights import BUNDLED, INSTALL, bundled, unknown_languages
from audiopipe.backends.protocols import Planner, Upload
from audiopipe.engines.machine import this_machine, threads
from audiopipe.errors import BackendError, EngineMissing, ModelUnavailable, UsageError
from audiopipe.settings import Settings, cache_folder
from audiopipe.text.languages import NAMES, require_codes
from audiopipe.values.audio import Piece, Span
from audiopipe.values.requests import Request
from audiopipe.values.transcript import Flag, Segment, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audiopipe.backends.local.whisper import Whisper

DEFAULT_MODEL = "base"

_HEARING = "packed windows 8"
"""Part of what answers are kept under; the number grows by one whenever the same audio and request
may give another text."""


class Local(Engine["Whisper"]):
    """Whisper on this machine, with no key and no network.

    Args:
        device: `cpu`, `cuda` or `auto`.
        compute_type: CTranslate2's number type; `int8` is fastest on a CPU.
        threads: of one decoding; 0 divides the cores among those at once, 4 for each at most.
        at_once: chunks that may be asked for at the same time; 0 is 2, one of which is prepared
            while the other is decoded, unless there are cores for both.
        models_dir: where joined weights are kept; None is the user's cache.

    It hears the speech alone, in windows of up to 30 s, each in its language. Where an answer loops
    or is unsure it asks again at higher temperatures, as openai-whisper does, with lots that are
    the same each time: the same audio gives the same text.
    """

    name = "local"

    def __init__(
        self,
        *,
        device: str = "auto",
        compute_type: str = "int8",
        threads: int = 0,
        at_once: int = 0,
        models_dir: Path | None = None,
    ) -> None:
        super().__init__()
        self._device = device
        self._compute_type = compute_type
        self.variant = f"{compute_type}, {_HEARING}"
        self.workers = at_once or 2
        self._threads, self._shared = threads, at_once or 1
        self.models_dir = models_dir or cache_folder(Settings(), {}) / "models"

    def accept(self, request: Request) -> Request:
        """The request with its model named; see `base.Transcriber.accept`."""
        if find_spec("faster_whisper") is None:
            raise EngineMissing(f"the embedded engine is not installed; {INSTALL}")
        request = replace(
            request,
            model=request.model or DEFAULT_MODEL,
            language=require_codes(request.language),
        )
        if request.task == "translate" and request.model.endswith(".en"):
            raise UsageError(f"{request.model} knows English only; translate with -m base")
        if not 0 <= request.temperature <= 1:
            raise UsageError(f"--temperature {request.temperature} is not between 0 and 1")
        _require_known(request.model, request)
        return request

    def word_times(
        self,
        windows: Sequence[NDArray[np.float32]],
        texts: Sequence[str],
        language: str,
        model: str,
    ) -> list[list[Word]]:
        """When the words of a text are spoken that is known: by where the decoder looks.

        Args:
            windows: samples of at most 30 s each, float32 in -1..1, 16 kHz.
            texts: what is spoken in each.
            language: ISO 639-1 code of all of them.
            model: as a request has it.

        Returns:
            The words of each window, in its own time; none where it found none.

        Raises:
            EngineMissing: the engine is not installed.
            ModelUnavailable: the model cannot be loaded.
            BackendError: the engine failed.
        """
        name = self.accept(Request("transcribe", model)).model
        whisper = self._model(name)
        from audiopipe.backends.local.align import word_times

        try:
            return word_times(whisper, windows, texts, language)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"{name} failed to align {texts[0][:40]!r}: {error}") from error

    def upload(self, request: Request) -> Upload:
        """Samples as they are, cut between the windows that it hears."""
        return replace(super().upload(request), planner=_planner)

    def _heard(
        self,
        model: Whisper,
        samples: NDArray[np.float32],
        request: Request,
        pieces: tuple[Piece, ...] | None,
    ) -> dict[str, Any]:
        _require_known(model.place, request)
        rows = _rows(model, samples, request, self._linguist(model), pieces)
        return {"language": _main_language(rows), "segments": rows}

    def _anomalies(self, body: Any, segments: tuple[Segment, ...]) -> tuple[Flag, ...]:
        return (*_mistold(body, segments), *_unsure(body, segments))

    def _linguist(self, model: Whisper) -> Whisper | None:
        """Who tells languages apart: the model, or in place of one that knows English only the
        bundled one, where it is installed."""
        if model.is_multilingual:
            return model
        with suppress(EngineMissing, ModelUnavailable):
            return self._model(DEFAULT_MODEL)
        return None

    def _load(self, name: str) -> Whisper:
        from audiopipe.backends.local.whisper import Whisper, on_card

        require_there(name)
        cores = this_machine().cores
        of_one = self._threads or threads(cores, self._shared)
        at_once = 1 if on_card(self._device) else max(1, min(self.workers, cores // of_one))
        place = str(bundled(name, self.models_dir)) if name in BUNDLED else name
        try:
            return Whisper(
                place,
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=of_one,
                num_workers=at_once,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelUnavailable(
                f"cannot load the model {name}: {str(error).splitlines()[0]}; "
                f"without a network take {', '.join(BUNDLED)}, or the folder of a converted model"
            ) from error


def _require_known(model: str, request: Request) -> None:
    """Refuse what a model cannot be told; one from the hub is looked at once it is here.

    Raises:
        UsageError: it knows none of the languages that are named.
    """
    codes = request.language.split(",") if request.language else []
    if codes and codes == unknown_languages(model, codes):
        names = " and ".join(map(_name, codes))
        raise UsageError(
            f"{request.model} does not know {names}: leave --language out, or take a model that "
            "does, such as -m large-v3"
        )


def _planner() -> Planner:
    # imported late: the engine takes a second to import, and many runs do without
    from audiopipe.backends.local.ear import Ear
    from audiopipe.backends.local.windows import Planner

    return Planner(Ear())


def _rows(
    model: Whisper,
    samples: NDArray[np.float32],
    request: Request,
    linguist: Whisper | None,
    pieces: Sequence[Piece] | None,
) -> list[dict[str, Any]]:
    """The segments of a chunk in the shape of the API's verbose_json."""
    from audiopipe.backends.local.hear import Question, hear
    from audiopipe.backends.local.phrases import segments
    from audiopipe.backends.local.windows import hearings

    languages = tuple(request.language.split(",")) if request.language else ()
    if not model.is_multilingual:
        languages = ("en",)
    question = Question(request.task, languages, request.prompt, request.temperature)
    if pieces is None:
        planner = _planner()
        pieces = [*planner.push(samples), *planner.finish()]
    parts = hear(model, samples, hearings(pieces), question, best_detector(), linguist)
    return [row for part in parts for row in segments(part)]


def _mistold(body: Any, segments: Sequence[Segment]) -> Iterator[Flag]:
    """Flags where another language is spoken than the model was told, or knows."""
    spoken = [row.get("spoken", row.get("language")) for row in body["segments"]]
    codes = [
        code if code != segment.language else ""
        for segment, code in zip(segments, spoken, strict=False)
    ]
    for code, span in _stretches(segments, codes):
        yield Flag(
            "language-switch",
            span,
            1.0,
            0.0,
            f"{_name(code).capitalize()} seems to be spoken here, and the words are another "
            "language's: leave --language out, and take a model that knows the language.",
        )


def _unsure(body: Any, segments: Sequence[Segment]) -> Iterator[Flag]:
    """Flags where another language may be spoken just as well as the one that was heard."""
    for code, span in _stretches(segments, [row.get("maybe", "") for row in body["segments"]]):
        yield Flag(
            "language-unsure",
            span,
            1.0,
            0.0,
            f"This may be {_name(code)} just as well: if it is another language than is written "
            "here name it with --language.",
        )


def _stretches(segments: Sequence[Segment], codes: Sequence[str]) -> Iterator[tuple[str, Span]]:
    """Languages other than that of the words, and from where to where each goes on."""
    pairs = zip(segments, codes, strict=False)
    for code, group in groupby(pairs, key=lambda pair: pair[1]):
        spans = [segment.span for segment, _ in group]
        if code:
            yield code, Span(spans[0].start_s, spans[-1].end_s)


def _name(code: str) -> str:
    return NAMES.get(code, code)


def _main_language(rows: Iterable[dict[str, Any]]) -> str | None:
    """What is spoken for longest; None where nothing is."""
    spoken_s: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        spoken_s[row["language"]] += row["end"] - row["start"]
    return max(spoken_s, key=spoken_s.__getitem__, default=None)
