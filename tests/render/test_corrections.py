from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.samples import spans, texts

from audiopipe.errors import InputError, OutputError
from audiopipe.render import load, save
from audiopipe.render.corrections import (
    MOST_BYTES,
    add,
    apply,
    beside,
    parsed,
    read_beside,
    text_of,
)
from audiopipe.values.audio import Span
from audiopipe.values.corrections import Correction, Doubt, merged, settled, standing
from audiopipe.values.transcript import Flag, Segment, Source, Transcript, Word
from audiopipe.workflows.roundtrip.manuscript import manuscript, with_headings

WORDS = (Word(Span(0, 0.5), " Hallo", 0.9), Word(Span(0.5, 1), " Wetl", 0.2))
TALK = Transcript(
    Source("talk.mp3", "00", 9),
    "transcribe",
    "de",
    (Segment(Span(0, 1), " Hallo Wetl", WORDS), Segment(Span(1, 2), " Ende.", speaker="Anna")),
    (Flag("low-confidence", Span(0, 1), -2, -1, "Listen."),),
)
DOUBT = Doubt("low-confidence", Span(0, 1))
MEND = Correction(0, " Hallo Wetl", " Hallo Welt", None, "Bo", "2026-11-28T10:00:00Z", (DOUBT,))

corrections = st.builds(
    Correction,
    st.none() | st.integers(0, 9),
    texts(),
    texts(),
    st.none() | texts(),
    texts(),
    texts(),
    st.lists(st.builds(Doubt, texts(), spans()), max_size=2).map(tuple),
)


@given(st.lists(corrections), texts())
def test_what_is_written_is_read(made: list[Correction], name: str) -> None:
    assert list(parsed(json.loads(text_of(made, name)))) == made


def test_a_transcript_is_loaded_as_corrected_and_never_changes(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")
    before = path.read_bytes()
    add(path, [MEND])
    assert beside(path) == tmp_path / "talk.corrections.json"
    mended = load(path)
    assert mended.text == "Hallo Welt Ende."
    assert [word.span for word in mended.words] == [word.span for word in WORDS]
    assert mended.flags == TALK.flags
    assert settled(read_beside(path)) == {DOUBT}
    assert path.read_bytes() == before


def test_the_last_word_counts_and_all_are_kept() -> None:
    later = replace(MEND, after=" Hello", who="Al", when="2026-11-28T10:00:01Z", settles=())
    for history in (
        merged([MEND], [later]),
        merged([later], [MEND]),
        merged([later, MEND], [MEND]),
    ):
        assert history == (MEND, later)
        assert standing(history) == {0: later}
        assert apply(TALK, history).segments[0].text == " Hello"
        assert not settled(history)


def test_what_is_struck_is_gone_and_a_speaker_is_named() -> None:
    struck = apply(TALK, [replace(MEND, after=" ")])
    assert struck.segments == TALK.segments[1:]
    (_, named) = apply(TALK, [Correction(1, " Ende.", " Ende.", "Berta")]).segments
    assert named == replace(TALK.segments[1], speaker="Berta")


def test_corrections_of_another_transcript_find_their_text_or_are_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    moved = replace(TALK, segments=(Segment(Span(0, 0.1), " Äh."), *TALK.segments))
    assert apply(moved, [MEND]).segments[1].text == " Hallo Welt"
    other = replace(TALK, segments=(Segment(Span(0, 1), " Guten Tag"),))
    assert apply(other, [MEND]) == other
    assert "1 corrections are of another transcript" in caplog.text


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")
    each = [replace(MEND, who=str(n), when=f"2026-11-28T10:00:{n:02}Z") for n in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: add(path, [one]), each))
    assert list(read_beside(path)) == each


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"version": 2, "corrections": []}',
        '{"version": 1}',
        '{"version": 1, "corrections": [{"segment": 0}]}',
        '{"version": 1, "corrections": [{"segment": -1, "before": "", "after": ""}]}',
        '{"version": 1, "corrections": [{"segment": true, "before": "", "after": ""}]}',
        '{"version": 1, "corrections": [{"segment": 0, "before": 1, "after": ""}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_file_of_corrections_is_told(tmp_path: Path, text: str) -> None:
    path = save(TALK, tmp_path / "talk.json")
    beside(path).write_text(text)
    with pytest.raises(InputError, match=r"talk\.corrections\.json"):
        load(path)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "audiopipe", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


def test_the_commands_read_what_was_mended(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")
    alike = [replace(MEND, segment=n) for n in (0, None)]
    add(path, alike[:1])
    assert run("render", path, beside(path), "-f", "txt", "-o", "-").stdout == (
        "Hallo Welt\nAnna: Ende.\n"
    )
    assert run("check", "--strict", tmp_path).returncode == 0
    told = json.loads(run("check", "--json", tmp_path).stdout)
    assert told["folders"][0]["settled"] == 1
    assert told["files"][0]["flags"][0]["settled"] is True
    assert json.loads(run("corrections", "apply", path).stdout)["text"] == "Hallo Welt Ende."
    assert "+ Hallo Welt" in run("corrections", "show", path).stdout
    assert (
        "-00:00:00 Hallo Wetl\n+00:00:00 Hallo Welt\n" in run("corrections", "export", path).stdout
    )
    assert run("corrections", "show", tmp_path / "none").returncode == 1


def test_what_is_mended_three_times_is_proposed_for_the_glossary(tmp_path: Path) -> None:
    said = tuple(Segment(Span(n, n + 1), f" Nr. {n}, die Wetl.") for n in range(3))
    path = save(replace(TALK, segments=said), tmp_path / "talk.json")
    downloaded = tmp_path / "downloaded.json"
    mends = [Correction(n, s.text, s.text.replace("Wetl", "Welt")) for n, s in enumerate(said)]
    downloaded.write_text(text_of(mends))
    done = run("corrections", "apply", path, "--from", downloaded, "-f", "txt")
    assert done.stdout.splitlines() == [f"Nr. {n}, die Welt." for n in range(3)]
    assert run("corrections", "export", tmp_path, "-f", "glossary").stdout == "Wetl => Welt\n"


def test_more_than_can_be_read_is_not_written(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")
    add(path, [MEND])
    with pytest.raises(OutputError, match="larger"):
        add(path, [replace(MEND, after="x" * (MOST_BYTES + 1))])
    assert read_beside(path) == (MEND,)


def test_what_is_spoken_is_the_corrected_text(tmp_path: Path) -> None:
    path = save(TALK, tmp_path / "talk.json")
    add(path, [MEND])
    told = manuscript(with_headings(load(path), ()), align=False)
    assert [each.text for each in told] == ["Hallo Welt", "Ende."]
