"""What was heard in windows, as segments in the shape of the API's verbose_json."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from faster_whisper.transcribe import get_compression_ratio

from audiopipe.backends.local.hear import Part
from audiopipe.backends.local.whisper import TimedWord

_PAUSE_S = 1.0
"""A longer pause ends a segment, as the end of a sentence does."""

_ENDS = re.compile(r"[.?!。?!…؟।]['\"”’)\]]*$")


def segments(part: Part) -> Iterator[dict[str, Any]]:
    """The sentences of a window, with the measures of the whole.

    The compression ratio is that of the sentence: one that repeats itself stands beside others that
    do not.
    """
    said = part.said
    for words in _sentences(part.words):
        text = "".join(word.text for word in words)
        yield {
            "start": words[0].span.start_s,
            "end": words[-1].span.end_s,
            "text": text,
            "seek": round(part.words[0].span.start_s * 100),
            "language": part.language,
            "spoken": part.spoken,
            "maybe": part.maybe,
            "temperature": said.temperature,
            "avg_logprob": said.avg_logprob,
            "compression_ratio": get_compression_ratio(text.strip()),
            "no_speech_prob": said.no_speech_prob,
            "words": [
                {
                    "word": word.text,
                    "start": word.span.start_s,
                    "end": word.span.end_s,
                    "probability": word.probability,
                }
                for word in words
            ],
        }


def _sentences(words: Sequence[TimedWord]) -> Iterator[list[TimedWord]]:
    sentence = [words[0]]
    for word, after in pairwise(words):
        paused = after.span.start_s - word.span.end_s > _PAUSE_S
        if paused or (_ENDS.search(word.text) and _begins(after.text)):
            yield sentence
            sentence = []
        sentence.append(after)
    yield sentence


def _begins(text: str) -> bool:
    """Whether a sentence may begin so: not in lower case, as after an abbreviation."""
    return not text.strip()[:1].islower()
