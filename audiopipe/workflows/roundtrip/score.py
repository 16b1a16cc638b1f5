"""How much of a spoken text is heard again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from audiopipe.errors import UsageError

_NEEDED = ("jiwer", "whisper_normalizer", "jsonschema")

_UNSPACED = ("zh", "yue", "ja", "th", "lo", "my")
"""Languages that put no space between words; the Whisper paper counts their characters, too."""


@dataclass(frozen=True, slots=True)
class Score:
    """How what was heard differs from what was spoken.

    Attributes:
        wer: words that were replaced, left out or added, for each that was spoken; 0 is all well.
        words: how many were spoken, as the normaliser counts them.
        unit: what is counted in truth: characters, where words have no space between them.
    """

    wer: float
    words: int
    unit: Literal["words", "characters"] = "words"


def require_scorer() -> None:
    """Raises UsageError if a library is missing that a round trip needs, before any work."""
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise UsageError(
            f"a round trip needs {' and '.join(missing)}: pip install 'audiopipe[roundtrip]'"
        )


def score(spoken: str, heard: str, language: str | None) -> Score:
    """The error rate of what was heard, behind the normaliser that published rates use.

    Args:
        spoken: the text as it went to the voice.
        heard: what the recogniser made of it.
        language: ISO 639-1 code; English has rules of its own for spellings and numbers.
    """
    import jiwer

    normal = _normaliser(language)
    told, found = normal(spoken).strip(), normal(heard).strip()
    unit: Literal["words", "characters"] = "characters" if language in _UNSPACED else "words"
    if not told:
        return Score(float(bool(found)), 0, unit)
    return Score(float(jiwer.wer(told, found)), len(told.split()), unit)


def _normaliser(language: str | None) -> Callable[[str], str]:
    if language == "en":
        from whisper_normalizer.english import EnglishTextNormalizer

        return EnglishTextNormalizer()  # type: ignore[no-any-return]
    from whisper_normalizer.basic import BasicTextNormalizer

    return BasicTextNormalizer(split_letters=language in _UNSPACED)  # type: ignore[no-any-return]
