"""Other engines on this machine by onnx-asr: Parakeet, Canary, GigaAM, Vosk, Whisper and more."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.vad import best_detector, find_voice
from audiopipe.backends.local.engine import Engine, reason, require_there
from audiopipe.errors import EngineMissing, ModelUnavailable, UsageError
from audiopipe.text.languages import require_codes, the_only
from audiopipe.values.audio import RATE_HZ, Piece, Span
from audiopipe.values.requests import Request

_log = logging.getLogger("audiopipe")

DEFAULT_MODEL = "nemo-parakeet-tdt-0.6b-v3"

_SHORT = {
    "parakeet": DEFAULT_MODEL,
    "parakeet-tdt-0.6b-v3": DEFAULT_MODEL,
    "parakeet-tdt-0.6b-v2": "nemo-parakeet-tdt-0.6b-v2",
    "parakeet-ctc-0.6b": "nemo-parakeet-ctc-0.6b",
    "parakeet-rnnt-0.6b": "nemo-parakeet-rnnt-0.6b",
    "canary": "nemo-canary-1b-v2",
    "canary-1b-v2": "nemo-canary-1b-v2",
}

_BY_FILES = (
    ("decoder_joint-model*.onnx", "nemo-conformer-tdt"),
    ("decoder-model*.onnx", "nemo-conformer-aed"),
    ("model*.onnx", "nemo-conformer-ctc"),
    ("whisper-*_beamsearch*.onnx", "whisper-ort"),
    ("**/decoder_model_merged*.onnx", "whisper"),
)
"""What a folder is taken for whose config.json names no `model_type` that onnx-asr knows."""

_SMALLER = re.compile(r"(.+)[._](int8|uint8|int4|q4|q4f16|fp16|bnb4|quantized)")
"""Names of networks whose numbers are smaller than those they were trained with."""

_UNTIMED = ("NemoConformerAED", "WhisperHf", "WhisperOrt")
_TOLD_LANGUAGE = "NemoConformerAED"
"""Models of onnx-asr that give no times, and that take all for English unless told."""

_LONGEST_S, _EDGE_S, _LAST_S = 25.0, 0.2, 0.3
"""Voice that is heard at once; what is heard around it; and how long a word's last token is."""


class Onnx(Engine[Any]):
    """Models in ONNX on this machine, from a folder or from the hub that onnx-asr knows.

    They give no measure of whether anybody speaks, and their certainty is not Whisper's: flags that
    need these are off, and the others hold.
    """

    name = "onnx"
    workers = 1

    @property
    def variant(self) -> str:
        """The engine's version, and how recordings are cut for it."""
        return f"{version('onnx-asr')}, {_LONGEST_S:g} s"

    def accept(self, request: Request) -> Request:
        """The request with its model named; see `base.Transcriber.accept`."""
        if find_spec("onnx_asr") is None:
            raise EngineMissing(
                "the engine for ONNX models is not installed; install it with: "
                "pip install 'audiopipe[onnx]'"
            )
        model = _SHORT.get(request.model, request.model or DEFAULT_MODEL)
        if request.task == "translate" and "canary" not in model:
            raise UsageError(f"{model} does not translate; take -m canary, or --backend local")
        return replace(request, model=model, language=the_only(require_codes(request.language)))

    def _heard(
        self,
        model: Any,
        samples: NDArray[np.float32],
        request: Request,
        pieces: tuple[Piece, ...] | None,
    ) -> dict[str, Any]:
        options: dict[str, Any] = {"language": request.language} if request.language else {}
        if request.task == "translate":
            options["target_language"] = "en"
        try:
            with _foreign():
                rows = [
                    r for span in _stretches(samples) for r in _row(model, samples, span, options)
                ]
        except KeyError as error:
            if "<|" not in str(error):
                raise
            raise UsageError(
                f"{request.model} does not know {error}: name another --language"
            ) from error
        return {"language": request.language, "segments": rows}

    def _load(self, name: str) -> Any:
        model = _loaded(name)
        kind = type(model.asr).__name__
        if kind in _UNTIMED:
            _log.warning("%s gives no times of words: they are shared out over each phrase", name)
        if kind == _TOLD_LANGUAGE:
            _log.warning("%s hears all as English, unless --language names what is spoken", name)
        return model


def _loaded(name: str) -> Any:
    import onnx_asr
    from onnx_asr.utils import ModelLoadingError

    require_there(name)
    folder = Path(name)
    try:
        with _foreign():
            if folder.is_dir():
                model = onnx_asr.load_model(_kind(folder), folder, quantization=_smaller(folder))
            else:
                model = onnx_asr.load_model(name)
    except (ModelLoadingError, OSError, RuntimeError, ValueError, LookupError) as error:
        raise ModelUnavailable(
            f"cannot load the model {name}: {reason(error)}; give -m the folder of its files, or a "
            "name that onnx-asr knows, such as parakeet-tdt-0.6b-v3, and a network"
        ) from error
    return model.with_timestamps()


@contextmanager
def _foreign() -> Iterator[None]:
    """Errors of the two libraries that are no kind of Python's, as `RuntimeError`.

    Raises:
        RuntimeError: a network is broken, or does not fit the files beside it.
    """
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    kinds = [each for each in vars(state).values() if isinstance(each, type)]
    raised: tuple[type[Exception], ...] = (
        AssertionError,
        TypeError,
        *(kind for kind in kinds if issubclass(kind, Exception)),
    )
    try:
        yield
    except raised as error:
        raise RuntimeError(reason(error) or "the files do not belong together") from error


def _kind(folder: Path) -> str:
    """What a folder holds, by its configuration, or by the names of its files."""
    from onnx_asr.loader import AsrNames, AsrTypeNames

    config = folder / "config.json"
    told = json.loads(config.read_text("utf-8")) if config.is_file() else None
    kind = told.get("model_type") if isinstance(told, dict) else None
    if kind in (*get_args(AsrTypeNames), *get_args(AsrNames)) and kind != "whisper":
        return str(kind)
    for pattern, kind in _BY_FILES:
        if found := sorted(folder.glob(pattern), key=lambda path: (len(path.name), path)):
            return "nemo-conformer-rnnt" if _lacks_durations(found[0]) else kind
    raise ValueError(
        "the folder has no config.json with a model_type of onnx-asr, and no *model.onnx"
    )


def _lacks_durations(decoder: Path) -> bool:
    """Whether what joins a transducer's halves tells words alone, and not how long each is."""
    vocabulary = decoder.parent / "vocab.txt"
    if not decoder.name.startswith("decoder_joint") or not vocabulary.is_file():
        return False
    from onnxruntime import InferenceSession

    shapes = {each.name: each.shape for each in InferenceSession(decoder).get_outputs()}
    with vocabulary.open("rb") as file:
        return bool(shapes.get("outputs", [0])[-1] == sum(1 for _ in file))


def _smaller(folder: Path) -> str | None:
    """How the numbers of the networks were made smaller, where the folder has no others."""
    stems = {path.stem for path in folder.rglob("*.onnx")}
    smaller = [found for stem in sorted(stems) if (found := _SMALLER.fullmatch(stem))]
    if not smaller or any(found[1] in stems for found in smaller):
        return None
    return smaller[0][2]


def _stretches(samples: NDArray[np.float32]) -> Iterator[Span]:
    """Where somebody may speak, at most about 25 s at once, cut where nobody does."""
    end_s = len(samples) / RATE_HZ
    held: Span | None = None
    for span in find_voice(samples, best_detector()).possible:
        if held and span.end_s - held.start_s > _LONGEST_S:
            yield from _even(held, end_s)
            held = None
        held = Span(held.start_s, span.end_s) if held else span
    if held:
        yield from _even(held, end_s)


def _even(span: Span, end_s: float) -> Iterator[Span]:
    parts = max(1, math.ceil(span.duration_s / _LONGEST_S))
    edges = np.linspace(span.start_s, span.end_s, parts + 1).tolist()
    for start_s, stop_s in pairwise(edges):
        yield Span(max(0.0, start_s - _EDGE_S), min(end_s, stop_s + _EDGE_S))


def _row(
    model: Any, samples: NDArray[np.float32], span: Span, options: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """A segment in the shape of the API's verbose_json; none where nothing is heard."""
    part = samples[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)]
    said = model.recognize(part, sample_rate=RATE_HZ, **options)
    if not said.text.strip():
        return
    words = list(_words(said.tokens or (), said.timestamps or (), said.logprobs or (), span))
    start_s, end_s = (words[0]["start"], words[-1]["end"]) if words else (span.start_s, span.end_s)
    yield {"start": start_s, "end": end_s, "text": f" {said.text.strip()}", "words": words}


def _words(
    tokens: Sequence[str], times_s: Sequence[float], logprobs: Sequence[float], span: Span
) -> Iterator[dict[str, Any]]:
    """Tokens put together to words: one begins with a space."""
    if not tokens or len(tokens) != len(times_s):
        return
    starts = [n for n, token in enumerate(tokens) if n == 0 or token.startswith(" ")]
    for first, last in zip(starts, [*starts[1:], len(tokens)], strict=True):
        text = "".join(tokens[first:last]).strip()
        if not text:
            continue
        next_s = times_s[last] if last < len(tokens) else span.duration_s
        start_s, end_s = times_s[first], min(next_s, times_s[last - 1] + _LAST_S)
        word = {"word": f" {text}", "start": span.start_s + start_s, "end": span.start_s + end_s}
        if len(logprobs) == len(tokens):
            word["probability"] = math.exp(min(0.0, sum(logprobs[first:last]) / (last - first)))
        yield word
