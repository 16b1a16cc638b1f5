"""What a passage must pass to be flagged, by model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from audiopipe.errors import UsageError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a passage must pass to be flagged; None switches a check off.

    Three defaults are those at which openai-whisper itself decodes a window again: average
    log-probability -1, compression ratio 2.4, no-speech probability 0.6. The rates stand well
    outside the averages of single speakers in 17 languages, 4.3 to 9.1 syllables a second (Coupé,
    Oh, Dediu and Pellegrino 2019, Science Advances 5, eaaw2594): a third above the fastest, a
    quarter of the slowest, because a segment holds pauses. The others are choices of ours.

    Attributes:
        min_avg_logprob: below it the words are `low-confidence`; at most 0.
        max_no_speech_prob: above it a segment is `likely-no-speech`; 0 to 1.
        max_compression_ratio: above it a segment is a `repetition`.
        max_repeats: a phrase said more often than this in a row is a `repetition`.
        max_syllables_per_s: above it a segment is `too-fast` for speech.
        min_syllables_per_s: below it a segment is `too-slow` for speech.
        min_rated_syllables: shorter segments are not `too-fast`: their times are too coarse.
        min_rated_s: shorter segments are not `too-slow`.
        min_segment_s: a shorter segment is a `time-anomaly`; 0.02 s is Whisper's time step.
        max_segment_s: a longer segment is a `time-anomaly`; Whisper hears 30 s at once.
        min_voice_share: words with less voice than this in their time are `text-without-speech`.
        max_untranscribed_s: a voice that is heard for longer without text is
            `speech-without-text`.
        max_prompt_words: more words in a row of the prompt than this are a `prompt-echo`.
        max_stock_signs: with more second signs than this what Whisper likes to say over silence
            is a `stock-phrase`.
        max_other_script: a segment with a larger share of letters in another script than the rest
            of its chunk is a `language-switch`.
        min_language_share: a language heard in less than this share of the speech is a
            `language-switch`.
    """

    min_avg_logprob: float | None = -1.0
    max_no_speech_prob: float | None = 0.6
    max_compression_ratio: float | None = 2.4
    max_repeats: float | None = 4
    max_syllables_per_s: float | None = 12.0
    min_syllables_per_s: float | None = 1.0
    min_rated_syllables: float = 5.0
    min_rated_s: float = 10.0
    min_segment_s: float | None = 0.02
    max_segment_s: float | None = 30.1
    min_voice_share: float | None = 0.1
    max_untranscribed_s: float | None = 2.0
    max_prompt_words: float | None = 5
    max_stock_signs: float | None = 0
    max_other_script: float | None = 0.5
    min_language_share: float | None = 0.5


_DEFAULT = Thresholds()

_BY_MODEL: Mapping[str, Thresholds] = MappingProxyType(
    {
        # -0.5: the provider's guide, "Understanding Metadata Fields", which describes this model.
        # 0.06: measured; speech stays under 0.02 and what is made up over silence is above 0.06.
        "large-v3": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=0.06),
        # None: this model gives 0 for everything, silence included.
        "large-v3-turbo": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=None),
        "turbo": replace(_DEFAULT, min_avg_logprob=-0.5, max_no_speech_prob=None),
    }
)


def thresholds_for(model: str, overrides: Iterable[str] = ()) -> Thresholds:
    """The thresholds for a model; those of `Thresholds` for all that the table does not name.

    | model                | avg_logprob | no_speech_prob | compression_ratio |
    |----------------------|-------------|----------------|-------------------|
    | large-v3             | -0.5        | 0.06           | 2.4               |
    | large-v3-turbo       | -0.5        | off            | 2.4               |
    | all others           | -1.0        | 0.6            | 2.4               |

    Args:
        model: a backend's id; an owner (`openai/`) and `whisper-` before the name do not matter.
        overrides: changes by name, each like `min-avg-logprob=-0.8` or `max-repeats=none`.

    Raises:
        UsageError: an override that names no threshold, or whose value is no number.
    """
    known = _BY_MODEL.get(model.rpartition("/")[2].removeprefix("whisper-"), _DEFAULT)
    return replace(known, **dict(map(_override, overrides)))


def _override(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    known = {field.name.replace("_", "-"): field for field in fields(Thresholds)}
    field = known.get(name.strip())
    if field is None:
        raise UsageError(f"--flag-limit {text}: no limit of that name, but {', '.join(known)}")
    if value.strip() == "none" and field.type == "float | None":
        return field.name, None
    try:
        return field.name, float(value)
    except ValueError:
        raise UsageError(f"--flag-limit {text}: {value!r} is not a number, and not none") from None
