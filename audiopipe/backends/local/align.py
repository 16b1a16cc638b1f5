"""A text that is known, timed by where the decoder looks while it reads it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audiopipe.backends.local.whisper import Asked, Said, Whisper
from audiopipe.values.audio import RATE_HZ
from audiopipe.values.transcript import Word


def word_times(
    model: Whisper, windows: Sequence[NDArray[np.float32]], texts: Sequence[str], language: str
) -> list[list[Word]]:
    """The words of each window, in its own time; arguments as in `Local.word_times`."""
    asked = Asked(language if model.is_multilingual else "en", "transcribe", None)
    said = [Said(tuple(model.tokens(asked, text)), 0.0, 0.0, 0.0, 0.0) for text in texts]
    lengths_s = [len(samples) / RATE_HZ for samples in windows]
    rows = model.words(model.encode(windows), asked, said, lengths_s)
    return [[Word(each.span, each.text, each.probability) for each in row] for row in rows]
