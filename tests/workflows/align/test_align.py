"""A text that is known gets its times; what is missing on either side is told."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.voices import RATE_HZ, Samples, reader

import audiopipe
from audiopipe.backends.local.transcribe import Local
from audiopipe.errors import InputError
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Word
from audiopipe.workflows.align.anchors import anchors
from audiopipe.workflows.align.passages import part
from audiopipe.workflows.align.script import read_script, script_of_text
from audiopipe.workflows.align.times import placed, snapped

WORDS = [f"w{n}" for n in range(60)]


def heard(words: list[str], step_s: float = 0.4) -> list[Word]:
    return [Word(Span(n * step_s, (n + 1) * step_s), f" {each}") for n, each in enumerate(words)]


@given(st.lists(st.sampled_from(WORDS[:12]), min_size=1, max_size=300), st.randoms())
def test_anchors_rise_and_are_equal_words(text: list[str], dice: random.Random) -> None:
    other = [word for word in text if dice.random() > 0.1]
    other = [dice.choice(WORDS) if dice.random() < 0.1 else word for word in other]
    found = anchors(text, other)
    assert all(text[i] == other[j] for i, j in found)
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(found))


def test_a_book_is_anchored_in_seconds() -> None:
    dice = random.Random(1)
    book = [dice.choice(WORDS) + dice.choice("abcdef") for _ in range(100_000)]
    spoken = [word for word in book if dice.random() > 0.03]
    del spoken[40_000:41_000]
    assert len(anchors(book, spoken)) > 0.95 * len(spoken)


@given(st.integers(0, 400), st.integers(0, 60), st.integers(0, 60))
def test_passages_and_gaps_hold_each_word_once(at: int, lacks: int, adds: int) -> None:
    text = [f"{n}x" for n in range(400)]
    spoken = [*text[:at], *(f"other{n}" for n in range(adds)), *text[at + lacks :]]
    words = heard(spoken)
    end_s = words[-1].span.end_s if words else 0.0
    passages, gaps = part(text, words, anchors(text, spoken), end_s)
    held = [n for p in passages for n in range(p.first, p.last)]
    missing = [n for gap in gaps for n in range(gap.first, gap.last)]
    assert sorted(held + missing) == list(range(400))
    assert all(p.span.duration_s <= 30 for p in passages)
    if lacks >= 5 and not adds and at + lacks < 390 and at > 10:
        assert missing == list(range(at, at + lacks))
    if adds >= 5 and not lacks and 10 < at < 390 - lacks:
        assert sum(len(gap.heard) for gap in gaps) == adds


@given(
    st.lists(st.text("abcäß.,! ", min_size=1, max_size=6).filter(str.strip), min_size=1),
    st.randoms(),
)
def test_words_are_placed_by_their_letters(texts: list[str], dice: random.Random) -> None:
    whole = "".join(texts)
    cuts = sorted({0, len(whole), *(dice.randint(0, len(whole)) for _ in range(4))})
    pieces = [whole[a:b] for a, b in pairwise(cuts)]
    timed = [Word(Span(n, n + 1), piece) for n, piece in enumerate(pieces)]
    spans = placed(texts, timed, Span(0, len(pieces)))
    assert len(spans) == len(texts)
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(spans))


def test_edges_are_those_of_silences() -> None:
    rate = 16_000
    noise = np.random.default_rng(0).normal(0, 3000, rate * 3).astype(np.int16)
    noise[: rate // 2] = noise[rate : rate + rate // 2] = noise[rate * 2 + rate // 2 :] = 0
    words = [Span(0.1, 1.2), Span(1.2, 2.9)]
    assert edges(["one", "two"], words, noise) == [(0.5, 1.0), (1.5, 2.5)]


def edges(
    texts: list[str], words: list[Span], sound: NDArray[np.int16]
) -> list[tuple[float, float]]:
    return [(round(s.start_s, 2), round(s.end_s, 2)) for s in snapped(texts, words, sound)]


@pytest.mark.parametrize("mark", [".", ",", " –", "?”", "。"])
def test_a_pause_stands_before_the_word_that_it_is_given_to(mark: str) -> None:
    """One is spoken until 1.0 s, and two from 1.4 s on; the decoder lets two begin at 0.5 s."""
    sound = np.random.default_rng(0).normal(0, 3000, 48_000).astype(np.int16)
    sound[16_000:22_400] = 0
    words = [Span(0.0, 0.5), Span(0.5, 1.5), Span(1.5, 2.0)]
    assert edges(["one" + mark, " two", " three"], words, sound)[:2] == [(0.0, 1.0), (1.4, 1.5)]
    later = [Span(0.0, 0.9), Span(0.9, 1.8), Span(1.8, 2.0)]
    assert edges(["one", " two", " three"], later, sound)[:2] == [(0.0, 1.0), (1.4, 1.8)]


def test_the_last_word_of_a_passage_lasts_until_it_is_silent() -> None:
    sound = np.random.default_rng(0).normal(0, 3000, 48_000).astype(np.int16)
    sound[32_000:40_000] = 0
    assert edges(["one", " two"], [Span(0.0, 0.9), Span(0.9, 1.4)], sound)[-1] == (0.9, 2.0)


def test_texts_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Title\n\nOne two\nthree. Four!\n\n— Five — six.\n", "utf-8")
    script = read_script(tmp_path / "a.md", "en")
    lines = ["".join(t.text for t in script.tokens if t.line == n) for n in range(4)]
    assert lines == [" Title", " One two three.", " Four!", " — Five — six."]
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nOne two\n", "utf-8")
    assert len(read_script(tmp_path / "a.srt", "en").tokens) == 2
    for nothing in ("", "...", "\n\n — \n", "![](a.png)", "```\ncode\n```"):
        with pytest.raises(InputError, match="no word"):
            script_of_text(nothing, "en")


@pytest.mark.parametrize(
    "text",
    [
        "*The* **forms** of [printed](http://a.example/b_c) `letters`.",
        "- The forms\n  of <b>printed</b> letters.[^1]\n\n[^1]: A note.",
        "> The forms of printed\r\n> letters.",
        "    The forms of printed letters.",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_markup_is_not_written_into_subtitles(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(text.encode(encoding))
    script = read_script(tmp_path / "a.md", "en")
    assert "".join(token.text for token in script.tokens) == " The forms of printed letters."
    assert script == script_of_text(text, "en")


def test_a_dialogue_names_its_speakers(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("**Ann:** One. Two.\n\n**Bo:** Three.\n", "utf-8")
    assert read_script(tmp_path / "a.md", "en").speakers == ("Ann", "Ann", "Bo")


@pytest.mark.parametrize("data", [b"caf\xe9 noir", b"One two\0 three", b"\xff\xfea", b"RIFF\xff"])
def test_what_is_no_text_is_refused_and_not_guessed(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.txt is no text"):
        read_script(tmp_path / "a.txt", "en")


@pytest.fixture(scope="module")
def engine() -> Iterator[Local]:
    with Local() as made:
        yield made


@pytest.fixture(scope="module")
def spoken(engine: Local) -> tuple[Samples, str]:
    """Half a minute, and what is said in it."""
    samples = reader("narrator")[: 24 * RATE_HZ]
    return samples, audiopipe.transcribe(
        (samples, RATE_HZ), backend=engine, language="en", model="tiny.en"
    ).text


def test_a_text_gets_the_times_of_its_words(engine: Local, spoken: tuple[Samples, str]) -> None:
    samples, text = spoken
    given = text.replace(",", ";").upper()
    aligned = audiopipe.align(
        (samples, RATE_HZ), given, backend=engine, language="en", model="tiny.en"
    )
    assert aligned.text.split() == given.split()
    assert not aligned.flags
    plain = audiopipe.transcribe((samples, RATE_HZ), backend=engine, language="en", model="tiny.en")
    near = [
        abs(a.span.middle_s - b.span.middle_s)
        for a, b in zip(aligned.words, plain.words, strict=True)
    ]
    assert np.median(near) < 0.15


def test_a_missing_and_an_added_passage_are_flagged(
    engine: Local, spoken: tuple[Samples, str], tmp_path: Path
) -> None:
    samples, text = spoken
    words = text.split()
    path = tmp_path / "a.wav"
    sf.write(path, samples, RATE_HZ)
    page = "a page about something else that nobody has ever said".split()
    more = [*words[:20], *page, *words[35:]]
    aligned = audiopipe.align(path, " ".join(more), backend=engine, language="en", model="tiny.en")
    assert {flag.kind for flag in aligned.flags} == {"text-not-spoken", "speech-not-in-text"}
    assert "nobody" not in aligned.text
    assert aligned.text.split() == [*words[:20], *words[35:]]


def test_nothing_in_common_is_an_error(engine: Local) -> None:
    with pytest.raises(InputError, match="nothing in common"):
        audiopipe.align(
            (reader("jfk"), RATE_HZ), "völlig anderer Text hier", backend=engine, model="tiny.en"
        )


@pytest.mark.parametrize("address", ["https://example.org/a.mp3", "HTTP://a/b?c=d", "rtsp://a/b"])
def test_what_cannot_be_read_twice_is_told_before_anything_is_heard(
    address: str, tmp_path: Path
) -> None:
    """Without a backend: nobody is asked."""
    samples = (reader("jfk"), RATE_HZ)
    with pytest.raises(InputError, match="is an address: save the text"):
        audiopipe.align(samples, address, backend="openai", base_url="http://127.0.0.1:9")
    os.mkfifo(tmp_path / "pipe")
    ends = os.pipe()
    os.close(ends[1])
    with os.fdopen(ends[0], "rb") as stream:
        for source in ("https://example.org/a.mp3", tmp_path, tmp_path / "pipe", stream):
            with pytest.raises(InputError, match="cannot be read twice"):
                audiopipe.align(
                    source, "Some text.", backend="openai", base_url="http://127.0.0.1:9"
                )
