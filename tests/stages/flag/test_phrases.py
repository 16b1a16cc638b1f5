from __future__ import annotations

from dataclasses import replace

import pytest

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.phrases import PHRASES
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.text.languages import NAMES
from audiopipe.text.words import normal_form
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Usage
from audiopipe.values.transcript import ChunkTranscript, Segment

SPOKEN = Voice((Span(0, 60),), (Span(1, 2),))
SILENT = Voice((), ())
WHOLE = Span(0, 60)


def kinds(
    text: str, voice: Voice | None, language: str | None = "en", **measures: float
) -> list[str]:
    segment = replace(Segment(Span(1, 2), f" {text}"), **measures)  # type: ignore[arg-type]
    transcript = ChunkTranscript(Window(0, (WHOLE,), WHOLE), language, (segment,), Usage())
    return [each.kind for each in flag(transcript, thresholds=Thresholds(), voice=voice).flags]


def test_a_stock_phrase_where_nobody_speaks_is_flagged() -> None:
    assert "stock-phrase" in kinds("Thank you.", SILENT)


def test_the_same_phrase_in_a_voice_is_not() -> None:
    assert kinds("Thank you.", SPOKEN) == []
    assert kinds("Thank you.", None) == []


def test_another_flag_is_a_second_sign() -> None:
    assert kinds("Thank you.", SPOKEN, avg_logprob=-1.5) == ["low-confidence", "stock-phrase"]


def test_drawn_out_beyond_speech_is_a_second_sign_where_nobody_listened() -> None:
    assert kinds("Thank you.", None, span=Span(1, 9)) == ["stock-phrase"]  # type: ignore[arg-type]


def test_other_text_is_no_stock_phrase_whatever_the_signs() -> None:
    assert "stock-phrase" not in kinds("Thank your mother for me.", SILENT)


def test_a_credit_may_have_any_year() -> None:
    assert "stock-phrase" in kinds("Untertitelung des ZDF, 2020", SILENT, "de")


def test_phrases_are_those_of_the_language_and_the_english_ones() -> None:
    assert "stock-phrase" in kinds("Vielen Dank.", SILENT, "de")
    assert "stock-phrase" in kinds("Thanks for watching!", SILENT, "de")
    assert "stock-phrase" not in kinds("Vielen Dank.", SILENT, "fr")


def test_where_the_language_is_not_known_all_are_looked_for() -> None:
    assert "stock-phrase" in kinds("ご視聴ありがとうございました。", SILENT, None)


@pytest.mark.parametrize("language", PHRASES)
def test_each_language_is_one_and_its_phrases_say_something(language: str) -> None:
    assert language in NAMES
    assert all(normal_form(phrase) for phrase in PHRASES[language])
    assert len({*PHRASES[language]}) == len(PHRASES[language])
