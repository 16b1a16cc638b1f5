from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.speech.script import Line, paragraphs, script

MARKDOWN = """# The *first* chapter

Some [linked](http://example.org/a "title") text with `code`,
an ![old map](map.png) and <b>tags</b>.

1. One thing
2. Another thing!

- bullet

> quoted

    indented

```python
print("never spoken")
```

| name | age |
|------|-----|
| Ann  | 50  |

***

Second
------
The end.
"""

WORDS = st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=12), min_size=1)
PARAGRAPHS = st.lists(WORDS.map(" ".join), max_size=5)


def spoken(text: str, language: str | None = "en", most: int = 500) -> list[str]:
    return [line.text for line in script(text, language=language, most_characters=most)]


def test_markdown_is_spoken_without_its_marks() -> None:
    assert spoken(MARKDOWN) == [
        "The first chapter.",
        "Some linked text with code, an old map and tags.",
        "one. One thing.",
        "two. Another thing!",
        "bullet.",
        "quoted.",
        "indented.",
        "name, age.",
        "Ann, fifty.",
        "Second.",
        "The end.",
    ]


def test_headings_begin_chapters_and_have_a_longer_pause_before_them() -> None:
    lines = script(MARKDOWN, language="en", most_characters=500)
    assert [line.chapter for line in lines if line.chapter] == ["The first chapter", "Second"]
    assert lines[9].chapter and lines[8].pause > lines[7].pause


def test_a_paragraph_is_cut_between_sentences_and_packed() -> None:
    text = "Dr. Smith came. He saw. Mr. Jones went away, and did not come back."
    assert script(text, language="en", most_characters=45) == (
        Line("Dr. Smith came. He saw.", 0.6),
        Line("Mr. Jones went away, and did not come back.", 1.0),
    )


def test_a_long_sentence_is_cut_behind_a_clause_else_between_words_else_anywhere() -> None:
    assert spoken("one two, three four five", most=12) == ["one two,", "three four", "five."]
    assert spoken("abcdefghij" * 2, most=8) == ["abcdefgh", "ijabcdef", "ghij."]


@given(PARAGRAPHS, st.integers(1, 60))
def test_no_line_is_too_long_and_no_letter_is_lost(paragraphs: list[str], most: int) -> None:
    text = "\n\n".join(paragraphs)
    lines = spoken(text, None, most)
    assert all(0 < len(line) <= most for line in lines)
    assert letters("".join(lines)) == letters(text)


@given(st.text(), st.integers(1, 300))
def test_any_text_has_lines_that_can_be_spoken(text: str, most: int) -> None:
    for line in script(text, language="en", most_characters=most):
        assert 0 < len(line.text) <= most and letters(line.text)


def test_a_text_without_a_word_has_no_lines() -> None:
    assert spoken("***\n\n...\n\n```\ncode\n```\n") == []


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, normalize("NFD", text)))


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("---\ntitle: A talk\ndate: 2024-01-01\n---\n\nHello.", ["Hello."]),
        ("One.[^1] Two.[^long]\n\n[^1]: A note.\n[^long]: Another\n    note.", ["One. Two."]),
        ("one<br>two<br/>three", ["one two three"]),
        ("a <b>bold</b> word", ["a bold word"]),
        ("<p>One.</p><p>Two.</p>", ["One. Two."]),
        ("<script>var a = 1;\n\nalert(a)</script>Said.", ["Said."]),
        ("<STYLE type='text/css'>\n\np { color: red }\n</style>\n\nSaid.", ["Said."]),
        ("Said.<!-- not\n\nthis --> Too.", ["Said. Too."]),
        ("One.\n\n---\n\nTwo.", ["One.", "Two."]),
    ],
)
def test_what_is_no_text_is_not_spoken(text: str, spoken: list[str]) -> None:
    assert [" ".join(each.text.split()) for each in paragraphs(text)] == spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('+++\ntitle = "x"\n+++\n\nText one.', ["Text one."]),
        ("<!-- a\nb -->Hi <em>you</em>&amp;me", ["Hi you and me."]),
        ("- [ ] task\n- [x] done", ["task.", "done."]),
        ("~~old~~ new", ["old new."]),
        ("A ^[inline note] b[^1]\n\n[^1]: Note.", ["A b."]),
        ("<details><summary>S</summary>Body</details>", ["S Body."]),
        ("a<br/>b<br >c", ["a b c."]),
        ("un<b>believ</b>able", ["unbelievable."]),
        ("<STYLE>x{}</STYLE>t<script>y</script>", ["t."]),
        ("so $E=mc^2$ and $5", ["so E equals mc squared and five dollars."]),
    ],
)
def test_what_is_markup_is_not_spoken(written: str, said: list[str]) -> None:
    lines = script(written, language="en", most_characters=200)
    assert [line.text for line in lines] == said
