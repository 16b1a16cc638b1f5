"""What the page writes is what `render` writes, to the byte, in every script."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.fixtures import FIXTURES, GOLDEN

from audiopipe.render import read, render, write
from audiopipe.render.as_json import parse
from audiopipe.render.corrections import apply, correction
from audiopipe.review.document import document, tables
from audiopipe.review.page import SCRIPTS, asset, inert
from audiopipe.settings import SubtitleSettings
from audiopipe.text.words import shared_out
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction
from audiopipe.values.transcript import Segment, Source, Transcript

pytestmark = pytest.mark.needs_chromium

PURE = SCRIPTS[: SCRIPTS.index("cues.js") + 1]
FORMATS = ("txt", "md", "srt", "vtt", "tsv", "csv", "json")
TABLE = [row.split("\t") for row in (FIXTURES / "boundaries.tsv").read_text("utf-8").splitlines()]
UNSPACED = ("th", "lo", "km", "my", "zh", "yue", "ja", "bo")
"""Where words end is known from dictionaries, and a browser has others than `render`."""

Told = tuple[Transcript, tuple[Correction, ...]]
Write = Callable[[list[Told]], list[dict[str, str]]]

_SCRIPT = """
window.exported = (told) => {
  return told.map((each) => {
    const t = new Corrections(decode(each), each.corrections).corrected();
    return Object.fromEntries(Object.keys(FORMATS).map((name) => [name, FORMATS[name][0](t)]));
  });
};
window.written = (told, texts) => {
  const made = new Corrections(decode(told), []);
  const state = (n, text, speaker) => ({ text, speaker, settles: [], joined: n % 4 === 2 });
  return texts.map(([n, ...rest]) => made.row(n, state(n, ...rest), "Bo"));
};
"""


@pytest.fixture(scope="module")
def scripts(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A page with the scripts alone."""
    path = tmp_path_factory.mktemp("exports") / "page.html"
    script = f"const TABLES = {inert(tables())};{''.join(map(asset, PURE))}{_SCRIPT}"
    write(f"<!doctype html><meta charset=utf-8><script>{script}</script>", path)
    context = browser.new_context()
    page = context.new_page()
    page.goto(path.as_uri())
    yield page
    context.close()


@pytest.fixture(scope="module")
def exported(scripts: Any) -> Any:
    """What the scripts of the page write of some transcripts."""

    def exported(told: list[Told]) -> list[dict[str, str]]:
        each = [document(t, c, SubtitleSettings(), "talk.json", "id") for t, c in told]
        code = f"window.exported({inert(each)})"
        made: list[dict[str, str]] = scripts.evaluate(code)
        return made

    return exported


def spoken(language: str, words: list[str], dice: random.Random) -> Transcript:
    """Runs of the words, as sentences and parts of them, with pauses of every length between."""
    segments, at = [], 0.0
    for number in range(10):
        count = dice.randint(2, 8)
        start = dice.randrange(max(1, len(words) - count))
        text = "".join(words[start : start + count]).rstrip() + dice.choice(
            ["", ".", "?", ",", "…"]
        )
        text = text if language in UNSPACED else f" {text.lstrip()}"
        span = Span(at, at + 0.09 * len(text) + 0.5)
        said = tuple(shared_out(text, span)) if dice.random() < 0.8 else ()
        speaker = dice.choice([None, "Ann", "李"]) if number > 5 else None
        segments.append(Segment(span, text, said, avg_logprob=-0.25, speaker=speaker))
        at = span.end_s + dice.choice([0, 0.1, 0.5, 2.5])
    source = Source("talk.wav", "", at + 1)
    return Transcript(source, "transcribe", language, tuple(segments))


def mended(t: Transcript, dice: random.Random) -> tuple[Correction, ...]:
    """Words struck, swapped, and taken from elsewhere."""
    made = []
    for number, segment in enumerate(t.segments):
        pieces = [word.text for word in segment.words]
        if len(pieces) < 2 or dice.random() < 0.3:
            continue
        place = dice.randrange(len(pieces) - 1)
        if dice.random() < 0.5:
            pieces[place : place + 1] = []
        else:
            pieces[place : place + 2] = pieces[place : place + 2][::-1]
        text = "".join(pieces)
        made.append(Correction(number, segment.text, text, dice.choice([segment.speaker, "Zoë"])))
    return tuple(made)


def check(exported: Write, told: list[Told]) -> None:
    for (transcript, corrections), texts in zip(told, exported(told), strict=True):
        whole = apply(transcript, corrections)
        for name in FORMATS:
            assert texts[name] == render(whole, name), (name, [s.text for s in whole.segments])


@pytest.mark.parametrize(("language", "words", "_"), TABLE, ids=[row[0] for row in TABLE])
def test_every_script(exported: Write, language: str, words: str, _: str) -> None:
    dice = random.Random(3)
    heard = [spoken(language, words.split("|"), dice) for _ in range(4)]
    check(exported, [(t, ()) for t in heard])
    check(exported, [(t, mended(t, dice)) for t in heard])


@pytest.mark.parametrize("language", UNSPACED)
def test_lines_end_where_the_browser_of_whoever_wrote_them_says(
    exported: Write, scripts: Any, language: str
) -> None:
    dice = random.Random(5)
    words = next(row[1] for row in TABLE if row[0] == language).split("|")
    told = []
    for _ in range(2):
        t = spoken(language, words, dice)
        texts = [(n, edited(s.text, words, dice), s.speaker) for n, s in enumerate(t.segments)]
        data = document(t, (), SubtitleSettings(), "talk.json", "id")
        code = f"window.written({inert(data)}, {inert(texts[::2])})"
        told.append((t, tuple(map(correction, scripts.evaluate(code)))))
    assert any(each.breaks for _, mends in told for each in mends)
    check(exported, told)
    for each in exported(told):
        assert render(parse(each["json"]), "srt") == each["srt"]


def edited(text: str, words: list[str], dice: random.Random) -> str:
    """A text as somebody leaves it who strikes, writes and marks."""
    place = dice.randrange(len(text) + 1)
    written = dice.choice([*words, "😀", " ", "", "「", "OK", "\n", "\n"])
    return dice.choice(["", text[:place] + written + text[place + dice.randrange(4) :]])


def test_all_that_a_transcript_holds(exported: Write) -> None:
    golden: Path = GOLDEN / "meeting.json"
    check(exported, [(read(golden), ())])
