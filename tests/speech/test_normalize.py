from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_spoken import forms, is_right

from audiopipe.speech.normalize import is_silent, speakable

ENGLISH = """
1,250 people paid $9.99 | one thousand two hundred fifty people paid nine dollars and ninety-nine cents
at 7:30 pm, at 7:00 and at 7:05 a.m. | at seven thirty pm, at seven o'clock and at seven oh five a.m.
See https://www.example.org/a?b=c#d. | See example dot org.
(see http://localhost:8000/v1), or www.foo.co.uk | (see localhost), or foo dot co dot uk
write to Ann.Lee@mail.example.org | write to Ann dot Lee at mail dot example dot org
visit example.com, then README.md | visit example dot com, then README.md
rose 5% to 3.14, in 20°C | rose five percent to three point one four, in twenty degrees Celsius
5 km, 5km and 1 kg at 30 km/h | five kilometers, five kilometers and one kilogram at thirty kilometers per hour
on 2026-11-24 | on November twenty-fourth, twenty twenty-six
the 21st, in 1984, the 1980s and the '90s | the twenty-first, in nineteen eighty-four, the nineteen eighties and the nineties
call (212) 555-1234 | call two one two, five five five, one two three four
version 1.2.3 | version one point two point three
pages 10–20, 2019–20 | pages ten to twenty, twenty nineteen to twenty
No. 5 and #4, -5 degrees | number five and number four, minus five degrees
$3.2bn, £1, €1.50, $1.5 million | three point two billion dollars, one pound, one euro and fifty cents, one point five million dollars
1½ cups & ½ more | one and one half cups and one half more
2 + 2 = 4 | two plus two equals four
COVID-19, A4, MP3 | COVID-nineteen, A4, MP3
as shown [12], [3, 4] and [5–7]. | as shown, and.
-5°C and −20 km, at -$5 | minus five degrees Celsius and minus twenty kilometers, at minus five dollars
5 - 3 = 2, 10 − 4, 3 - 5 hours | five minus three equals two, ten minus four, three to five hours
5-10 miles, 2-3 kg, 1990-1995 and 2019-20 | five to ten miles, two to three kilograms, nineteen ninety to nineteen ninety-five and twenty nineteen to twenty
10^6, 2^3, 10⁻³ and x² | ten to the power of six, two cubed, ten to the power of minus three and x squared
US$20, A$5, C$1.50 and HK$3m | twenty US dollars, five Australian dollars, one Canadian dollar and fifty cents and three million Hong Kong dollars
20 €, 5 GBP, EUR 7 and ₹100 | twenty euros, five pounds, seven euros and one hundred rupees
E=mc^2 and a+b=c | E equals mc squared and a plus b equals c
5 000 people, 1\u202f250\u00a0000 euros | five thousand people, one million two hundred fifty thousand euros
+1 212 555 1234 or 1-800-555-1234 | plus one, two one two, five five five, one two three four or one, eight zero zero, five five five, one two three four
ISBN 978-3-16-148410-0 | ISBN nine seven eight, three, one six, one four eight four one zero, zero
on 5.3.2024, 31.12.1999 and 3/5/2024 | on March fifth, twenty twenty-four, December thirty-first, nineteen ninety-nine and March fifth, twenty twenty-four
version 5.3.20 of 10.4.2 | version five point three point twenty of ten point four point two
co\u00adoperate, 5 µm and 3 µg | cooperate, five micrometers and three micrograms
20 m², 1 km² and 3 m/s | twenty square meters, one square kilometer and three meters per second
π, 2 µ and \u03bcm | pi, two micro and µm
a > b and x ≤ 3 ± 1 | a is more than b and x is at most three plus or minus one
well-known mid-90s state-of-the-art | well-known mid-nineties state-of-the-art
a   😀 smile\u200d ☕ ! | a smile!
x 1,25 3:2 1/2 4K | x 1,25 three to two one half 4K
He said [cheerful] hello | He said [cheerful] hello
"""  # noqa: E501  a table is read by its rows


@pytest.mark.parametrize("row", ENGLISH.strip().splitlines())
def test_english_is_put_into_words_by_set_rules(row: str) -> None:
    written, said = row.split(" | ")
    assert speakable(written, "en") == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "1.250 Euro auf example.org"),
        ("fr", "1.250 euros auf example.org"),
        (None, "1.250 € auf example.org"),
    ],
)
def test_numbers_of_other_languages_are_left_to_the_voice(language: str | None, said: str) -> None:
    assert speakable("1.250 € auf https://www.example.org/a 😀", language) == said


def test_of_the_table_of_hard_forms_at_most_three_are_said_wrongly() -> None:
    rows = list(forms())
    wrong = [row for row in rows if not is_right(row, speakable(row.written, row.language))]
    assert len(rows) >= 300
    assert len(wrong) <= 3, wrong


@given(st.text(), st.sampled_from(["de", "fr", "es", "ja", "ar", "ru", "xx"]))
def test_any_text_is_said_in_any_language(text: str, language: str) -> None:
    said = speakable(text, language)
    assert said == " ".join(said.split())


def test_what_only_looks_like_a_date_stays_as_it_is() -> None:
    assert speakable("31.2.2024", "de") == "31.2.2024"
    assert speakable("Version 5.3.20", "de") == "Version 5.3.20"


@given(st.text())
def test_any_text_becomes_one_line_without_pictures_or_addresses(text: str) -> None:
    said = speakable(text, "en")
    assert said == " ".join(said.split())
    assert "http://" not in said


@given(st.text(st.characters(categories=["L", "P", "Zs"], exclude_characters="$€£¥&@#~×÷=+%°.µ·⋅")))
def test_what_has_neither_numbers_nor_signs_keeps_its_words(text: str) -> None:
    kept = [character for character in normalize("NFC", text) if character.isalnum()]
    assert [character for character in speakable(text, "en") if character.isalnum()] == kept


@given(st.integers(0, 10**12))
def test_a_number_by_itself_leaves_no_figure(n: int) -> None:
    assert not any(map(str.isdigit, speakable(f"There are {n:,} of them.", "en")))


@pytest.mark.parametrize(
    ("text", "silent"), [("...", True), ("— *", True), ("", True), ("é", False)]
)
def test_silent_is_what_has_no_letter_and_no_figure(text: str, silent: bool) -> None:
    assert is_silent(text) == silent
