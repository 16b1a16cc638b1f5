"""faster-whisper's model, asked for many windows at once: the one door to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import (
    get_compression_ratio,
    get_ctranslate2_storage,
    get_suppressed_tokens,
)
from faster_whisper.utils import download_model
from numpy.typing import NDArray

from audiopipe.values.audio import Span

_BEAMS, _SAMPLES, _SEED = 5, 5, 1
"""Beams at temperature 0, and answers that are drawn at others: those of openai-whisper."""

_REPETITIVE = 2.4
"""The compression ratio above which openai-whisper takes an answer for a loop."""

_PREPENDED, _APPENDED = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"
_LENGTH_S, _FRAME_S, _STATE_S = 30.0, 0.01, 0.02
"""What the model hears at once; a column of its spectrum; and one of what the encoder makes of it.
"""

States = NDArray[np.float32]
"""What the encoder makes of windows, float32 of shape (windows, 1500, width)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a window: its language, the task, and what the model is told beforehand."""

    language: str
    task: str
    prompt: str | None

    def into(self, language: str) -> Asked:
        return replace(self, language=language)


@dataclass(frozen=True, slots=True)
class Said:
    """What the decoder makes of a window; the measures are those of `Segment`."""

    tokens: tuple[int, ...]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float

    @property
    def is_repetitive(self) -> bool:
        return self.compression_ratio > _REPETITIVE


Say = Callable[[States, Sequence[Asked], float], list[Said]]


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with the space before it, in the time of its window."""

    span: Span
    text: str
    probability: float


def on_card(device: str) -> bool:
    """Whether a device named `device` is a card, which decodes one batch after another soonest."""
    return device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)


class Whisper:
    """A loaded model; calls may come from many threads, and the model takes them in turn.

    Args:
        place: a folder of converted weights, or a name in the hub that faster-whisper uses.
        how: device, number type, threads and how many are decoded at once, as
            `faster_whisper.WhisperModel` takes them.
    """

    def __init__(self, place: str, **how: Any) -> None:
        self.place: str = place if Path(place).is_dir() else download_model(place)
        self._how = how
        self._model = WhisperModel(self.place, **how)
        self._seeding = Lock()

    @property
    def is_multilingual(self) -> bool:
        return bool(self._model.model.is_multilingual)

    def encode(self, windows: Iterable[NDArray[np.float32]], length_s: float = _LENGTH_S) -> States:
        """What the encoder makes of windows.

        Args:
            windows: samples, each of at most `length_s`.
            length_s: what it hears of each, at most 30 s. It takes as much less time as that is
                shorter: that is enough to tell a language, and not for words.
        """
        spectra = [self._model.feature_extractor(samples)[..., :-1] for samples in windows]
        frames = round(length_s / _FRAME_S)
        padded = [np.pad(s, ((0, 0), (0, frames - s.shape[-1]))) for s in spectra]
        encoded = self._model.encode(np.stack(padded))
        return np.asarray(encoded.to_device(ctranslate2.Device.cpu), np.float32)

    def languages(
        self, states: NDArray[np.float32], passage: Span, among: Collection[str]
    ) -> dict[str, float]:
        """How likely each language is in a passage of one window: by its part of the states.

        Args:
            states: of the window.
            passage: in the time of the window.
            among: what it may be; empty for any.
        """
        first = round(passage.start_s / _STATE_S)
        last = max(first + 1, round(passage.end_s / _STATE_S))
        part = get_ctranslate2_storage(states[np.newaxis, first:last])
        (found,) = self._model.model.detect_language(part)
        shares = {token[2:-2]: share for token, share in found}
        return {code: share for code, share in shares.items() if not among or code in among}

    def each(self, states: NDArray[np.float32], languages: Sequence[str]) -> list[Said]:
        """What is said in one window, were it in each language: the likeliest word each time.

        Args:
            states: of the window.
            languages: codes.
        """
        asked = [Asked(code, "transcribe", None) for code in languages]
        repeated = np.repeat(states[np.newaxis], len(asked), axis=0)
        return self._answers(self._model.model, repeated, asked, 0.0, {"beam_size": 1})

    def say(self, states: States, asked: Sequence[Asked]) -> list[Said]:
        """What is most likely said in each window.

        Args:
            states: of the windows.
            asked: of each.
        """
        return self._answers(self._model.model, states, asked, 0.0, {"beam_size": _BEAMS})

    def lots(self) -> Say:
        """Who answers at temperatures above 0: the best of five answers that are drawn by lot.

        The first lots are the same each time. CTranslate2 seeds its lots once a thread, and a model
        has threads of its own: so this is the same model, loaded once more, which takes base 0.3 s.
        """
        with self._seeding:
            ctranslate2.set_random_seed(_SEED)
            how = {name: value for name, value in self._how.items() if name != "num_workers"}
            how["intra_threads"] = how.pop("cpu_threads", 0)
            model = ctranslate2.models.Whisper(self.place, **how)

        def say(states: States, asked: Sequence[Asked], temperature: float) -> list[Said]:
            draw = {
                "beam_size": 1,
                "num_hypotheses": _SAMPLES,
                "sampling_topk": 0,
                "sampling_temperature": temperature,
            }
            return self._answers(model, states, asked, temperature, draw)

        return say

    def words(
        self, states: States, asked: Asked, said: Sequence[Said], lengths_s: Sequence[float]
    ) -> list[list[TimedWord]]:
        """The words of windows in one language, timed by where the decoder looked.

        Args:
            states: of the windows.
            asked: of all of them.
            said: of each.
            lengths_s: of each in seconds, where no word ends later.
        """
        rows: list[list[dict[str, Any]]] = [
            [{"tokens": each.tokens, "start": 0.0, "end": length_s, "seek": 0}]
            for each, length_s in zip(said, lengths_s, strict=True)
        ]
        self._model.add_word_timestamps(
            rows,
            self._tokenizer(asked),
            get_ctranslate2_storage(states),
            [max(1, round(length_s / _FRAME_S)) for length_s in lengths_s],
            _PREPENDED,
            _APPENDED,
            0.0,
        )
        return [list(_timed(row[0].get("words", ()))) for row in rows]

    def text(self, asked: Asked, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer(asked).decode(list(tokens))
        return text

    def tokens(self, asked: Asked, text: str) -> list[int]:
        tokens: list[int] = self._tokenizer(asked).encode(text)
        return tokens

    def prompt(self, asked: Asked) -> list[int]:
        """The tokens before the answer to a window: of a prompt that is too long the end.

        It gets half of the room that Whisper has for it: with all of it base lost or made up words
        (5.9 % errors with 70 names in place of 3.6, on ten minutes of clear reading).
        """
        tokenizer = self._tokenizer(asked)
        most = (self._model.max_length // 2 - 1) // 2
        told = tokenizer.encode(f" {asked.prompt.strip()}")[-most:] if asked.prompt else []
        before = [tokenizer.sot_prev, *told] if told else []
        return [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _answers(
        self,
        model: Any,
        states: States,
        asked: Sequence[Asked],
        temperature: float,
        how: Mapping[str, Any],
    ) -> list[Said]:
        answers = model.generate(
            get_ctranslate2_storage(states),
            [self.prompt(each) for each in asked],
            max_length=self._model.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(self._tokenizer(asked[0]), [-1]),
            **how,
        )
        return [self._said(*pair, temperature) for pair in zip(answers, asked, strict=True)]

    def _tokenizer(self, asked: Asked) -> Any:
        return Tokenizer(
            self._model.hf_tokenizer,
            self.is_multilingual,
            task=asked.task,
            language=asked.language,
        )

    def _said(self, answer: Any, asked: Asked, temperature: float) -> Said:
        tokens = tuple(answer.sequences_ids[0])
        text = self.text(asked, tokens).strip()
        return Said(
            tokens,
            temperature,
            answer.scores[0] * len(tokens) / (len(tokens) + 1),
            # by characters, as Whisper's limit is for Latin letters: others take two or three
            # bytes, and Russian prompts that are much alike were drawn anew in vain
            get_compression_ratio(text) * len(text) / len(text.encode()) if text else 0.0,
            answer.no_speech_prob,
        )


def _timed(words: Iterable[Mapping[str, Any]]) -> Iterator[TimedWord]:
    """The library's words, which may end before they start, or after the next one has begun."""
    found = [word for word in words if word["word"]]
    starts_s = [max(0.0, float(word["start"])) for word in found]
    for word, (start_s, next_s) in zip(found, pairwise([*starts_s, np.inf]), strict=True):
        end_s = max(start_s, min(float(word["end"]), max(start_s, next_s)))
        yield TimedWord(Span(start_s, end_s), word["word"], float(word["probability"]))
