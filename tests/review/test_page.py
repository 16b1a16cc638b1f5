"""The page in a real browser: keys, keeping, exports, what is hostile, what is told aloud."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.browsing import until
from support.fixtures import JFK

from audiopipe.render import load, render
from audiopipe.render.corrections import add, beside
from audiopipe.text.words import shared_out
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction
from audiopipe.values.transcript import Flag, Repair, Segment, Source, Transcript

pytestmark = pytest.mark.needs_chromium
Open = Callable[..., Any]


def said(n: int, text: str, speaker: str | None = None) -> Segment:
    span = Span(2 * n, 2 * n + 1.8)
    return Segment(span, text, tuple(shared_out(text, span)), avg_logprob=-0.25, speaker=speaker)


def flag(kind: str, start: float, end: float) -> Flag:
    return Flag(kind, Span(start, end), 2.0, 1.0, "Listen to it.")


TALK = Transcript(
    Source("talk.flac", "00", 11),
    "transcribe",
    "en",
    (
        said(0, " And so my fellow Americans,", "Anna"),
        said(1, " ask not what your cuntry", "Bob"),
        said(2, " can do for you, ask Dr. Smith", "Bob"),
        said(3, " what you can do", "Anna"),
        said(4, " for your cuntry."),
    ),
    (
        flag("low-confidence", 2.5, 3),
        flag("too-fast", 6, 7.8),
        flag("speech-without-text", 9.9, 10.9),
    ),
    repairs=(
        Repair(
            Span(6, 7.8),
            ("too-fast",),
            " what you can do",
            " what we can do",
            "later",
            True,
            "Surer.",
        ),
    ),
)


def segment(page: Any, n: int) -> Any:
    return page.locator(".segment").nth(n)


def reload(page: Any, n: int, text: str) -> None:
    """Until a segment has this text: what a page keeps reaches the browser's other processes in a
    moment, and a reload may be quicker."""
    for _ in range(20):
        page.reload()
        if segment(page, n).inner_text() == text:
            return
        page.wait_for_timeout(200)
    assert segment(page, n).inner_text() == text


def export(page: Any, name: str) -> bytes:
    page.click("#tool-export")
    with page.expect_download() as download:
        page.click(f"#export-{name}")
    return bytes(Path(download.value.path()).read_bytes())


def test_all_doubts_are_settled_by_the_keyboard_alone(opened: Open, tmp_path: Path) -> None:
    page = opened(TALK, audio=JFK)
    for kind, start in (("low-confidence", 0.5), ("too-fast", 4), ("speech-without-text", 7.9)):
        page.keyboard.press("F8")
        assert kind in page.inner_text("#doubt-body")
        until(page, f"Math.abs(document.querySelector('audio').currentTime - {start}) < 1")
        page.keyboard.press("Control+Enter")
    assert page.inner_text("#progress") == "3 of 3 doubts settled"
    beside(tmp_path / "talk0.json").write_bytes(export(page, "corrections"))
    rows = json.loads(beside(tmp_path / "talk0.json").read_text())["corrections"]
    assert sorted(each["kind"] for row in rows for each in row["settles"]) == sorted(
        each.kind for each in TALK.flags
    )
    assert load(tmp_path / "talk0.json") == load(tmp_path / "talk0.json")


def test_edits_outlive_a_reload_and_a_crash_and_are_undone_without_end(
    opened: Open, context: Any
) -> None:
    page = opened(TALK)
    segment(page, 1).click()
    page.keyboard.press("End")
    page.keyboard.type(" indeed")
    page.keyboard.press("Control+2")
    assert segment(page, 1).inner_text() == "ask not what your cuntry indeed"
    reload(page, 1, "ask not what your cuntry indeed")
    url = page.url
    crashing = context.new_page()
    crashing.goto(url)
    segment(crashing, 2).click()
    crashing.keyboard.press("End")
    crashing.keyboard.type("!")
    with pytest.raises(Exception, match="crash"):
        crashing.goto("chrome://crash")
    reload(page, 2, "can do for you, ask Dr. Smith!")
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert segment(page, 1).inner_text() == "ask not what your cuntry"
    assert segment(page, 2).inner_text() == "can do for you, ask Dr. Smith"
    page.keyboard.press("Control+y")
    assert segment(page, 1).inner_text() == "ask not what your cuntry indeed"


def test_exports_are_what_render_writes(opened: Open, tmp_path: Path) -> None:
    page = opened(TALK)
    page.keyboard.press("Control+h")
    page.fill("#find", "cuntry")
    page.fill("#replace", "country")
    page.click("#hit-all")
    page.keyboard.press("Escape")
    segment(page, 3).click()
    page.keyboard.press("Control+Shift+Delete")
    segment(page, 0).click()
    page.keyboard.press("Control+2")
    beside(tmp_path / "talk0.json").write_bytes(export(page, "corrections"))
    corrected = load(tmp_path / "talk0.json")
    assert corrected.text == (
        "And so my fellow Americans, ask not what your country can do for you, ask Dr. Smith for "
        "your country."
    )
    for name in ("txt", "md", "srt", "vtt", "tsv", "csv", "json"):
        assert export(page, name).decode() == render(corrected, name), name


def test_passages_are_cut_and_put_together_by_the_keyboard(opened: Open, tmp_path: Path) -> None:
    page = opened(TALK)
    segment(page, 2).click()
    for key in ("Home", *["ArrowRight"] * len("can do for you,"), "Shift+Enter"):
        page.keyboard.press(key)
    segment(page, 1).click()
    for key in ("Home", "Backspace"):
        page.keyboard.press(key)
    assert "joined" in segment(page, 1).get_attribute("class")
    beside(tmp_path / "talk0.json").write_bytes(export(page, "corrections"))
    corrected = load(tmp_path / "talk0.json")
    assert [(each.text, len(each.words)) for each in corrected.segments[:3]] == [
        (" And so my fellow Americans, ask not what your cuntry", 10),
        (" can do for you,", 4),
        (" ask Dr. Smith", 3),
    ]
    assert corrected.segments[1].words[:4] == TALK.segments[2].words[:4]
    for name in ("srt", "md", "json"):
        assert export(page, name).decode() == render(corrected, name), name
    segment(page, 1).click()
    for key in ("Home", "Backspace"):
        page.keyboard.press(key)
    assert "joined" not in segment(page, 1).get_attribute("class")


def test_the_word_that_is_heard_is_marked(opened: Open) -> None:
    page = opened(TALK, audio=JFK)
    until(page, "document.querySelector('audio').readyState > 0")
    page.keyboard.press("Escape")
    late = page.evaluate(
        """() => new Promise((done) => {
          const audio = document.querySelector('audio');
          const late = [];
          const look = () => {
            const range = [...(CSS.highlights.get('now') ?? [])][0];
            const at = audio.currentTime;
            if (range && at > 0.2) late.push([at, range.toString()]);
            if (at < 1.6) requestAnimationFrame(look); else { audio.pause(); done(late); }
          };
          look();
        })"""
    )
    words = TALK.segments[0].words
    assert len({text for _, text in late}) >= 4
    for at, text in late:
        near = [w.text.strip() for w in words if w.span.start_s - 0.1 <= at <= w.span.end_s + 0.1]
        assert text in near


HOSTILE = (
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<!-- --> ]]> @@SCRIPT@@ @@DATA@@ ${window.hit=1} \u2028\u2029",
    "‮שלום‬ مرحبا 👩‍👧 \ud83d",
    "javascript:window.hit=1",
)


def test_hostile_text_does_nothing(opened: Open) -> None:
    parts = tuple(said(n, f" {text}", text) for n, text in enumerate(HOSTILE))
    flags = tuple(Flag(text, Span(n, n + 1), 1, 2, text) for n, text in enumerate(HOSTILE))
    talk = Transcript(Source(HOSTILE[0], HOSTILE[1], 12), "transcribe", "en", parts, flags)
    page = opened(talk)
    for _ in flags:
        page.keyboard.press("F8")
        page.keyboard.press("Control+Enter")
    for n, text in enumerate(HOSTILE[:3]):
        assert segment(page, n).text_content() == text.strip()
    assert page.evaluate("window.hit") is None
    assert page.locator("#list img, #doubt img, #list script").count() == 0


def test_speakers_are_renamed_everywhere_and_versions_are_taken(opened: Open) -> None:
    page = opened(TALK)
    page.click("#tool-speakers")
    page.get_by_label("Speaker 2").fill("Berta")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    names = page.eval_on_selector_all(".segment", "all => all.map(each => each.dataset.speaker)")
    assert names == ["Anna", "Berta", "Berta", "Anna", ""]
    page.keyboard.press("F8")
    page.keyboard.press("F8")
    page.get_by_role("button", name="Take this: what we can do").click()
    assert segment(page, 3).inner_text() == "what we can do"
    page.keyboard.press("Control+Shift+Enter")
    assert segment(page, 3).inner_text() == "what you can do"


def test_a_folder_has_a_list_by_doubt(opened: Open) -> None:
    calm = Transcript(Source("calm.flac", "01", 11), "transcribe", "de", TALK.segments[:1])
    page = opened(calm, TALK)
    rows = page.locator("#index tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["talk1.json", "talk0.json"]
    page.get_by_role("button", name="talk1.json").click()
    page.keyboard.press("F8")
    page.keyboard.press("Control+Enter")
    page.click("#files")
    assert page.get_by_label("1 of 3 settled").count() == 1


def test_a_later_word_of_somebody_else_stands_and_mine_is_kept(
    opened: Open, tmp_path: Path
) -> None:
    page = opened(TALK)
    segment(page, 1).click()
    page.keyboard.press("End")
    page.keyboard.type(" mine")
    text = TALK.segments[1].text
    later = Correction(1, text, f"{text} theirs", "Bob", "Al", "2999-01-01T00:00:00Z")
    add(tmp_path / "talk0.json", [later])
    page.close()
    page = opened(TALK)
    assert segment(page, 1).inner_text().endswith("theirs")
    rows = json.loads(export(page, "corrections"))["corrections"]
    assert [row["after"].split()[-1] for row in rows] == ["mine", "theirs"]
