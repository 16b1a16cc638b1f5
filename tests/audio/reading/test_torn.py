"""A jump of the clock is a pause where every byte is accounted for, and a loss where not."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from itertools import chain, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media.faults import Whole, in_bytes, in_clock, whole
from media.formats import FORMS, NotMade
from media.ogg import changes
from media.tonecode import Spoken, heard
from support.audio import babble, plain_file

from audiopipe.audio.reading import open_source
from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import Span

FORMS_BY_NAME = {form.name: form for form in FORMS}


DAMAGED = [
    *product(
        ("mkv-ac3", "mka-flac", "flv-aac", "ts-mp2", "ts-ac3", "webm-opus"), ("zeros", "noise")
    ),
    *product(("avi-ac3", "avi-mp3", "dts", "truehd", "wma2", "wavpack"), ("zeros", "noise")),
    *product(("webm-opus", "flv-nellymoser", "dts", "avi-mp3", "avi-ac3"), ("removed",)),
    # What ffmpeg reads no further, though the file goes on.
    *product(("mp4-fragments", "voc", "nut-aac"), ("noise", "removed")),
]


@pytest.mark.parametrize(("name", "fault"), DAMAGED)
def test_damage_is_told_of(name: str, fault: str, tmp_path: Path) -> None:
    base, numbers, spans = read(name, fault, tmp_path)
    missing = [word for word in base.words if word.number not in numbers]
    assert missing
    assert all(any(touches(span, word) for span in spans) for word in missing)


@pytest.mark.parametrize("fault", ["zeros", "noise"])
@pytest.mark.parametrize(
    ("name", "most_s"),
    [("mp2", 0.001), ("mp3", 0.001), ("ac3", 0.001), ("tta", 0.001), ("aac-adts", 0.03)],
)
def test_what_follows_damage_is_heard_at_its_time(
    name: str, most_s: float, fault: str, tmp_path: Path
) -> None:
    base = made(name, tmp_path)
    next(case for case in in_bytes(base) if case.fault == fault)
    right = {word.number: word.start_s for word in words_of(base.path)[0]}
    words, spans = words_of(tmp_path / f"{name}.{fault}.{base.form.ending}")
    assert len(spans) == 1
    assert len(words) > 9
    assert max(abs(word.start_s - right[word.number]) for word in words) < most_s


@pytest.mark.parametrize("fault", ["gap", "lost"])
@pytest.mark.parametrize(
    "name", ["mkv-ac3", "mka-flac", "flv-aac", "ts-mp2", "ts-ac3", "webm-opus", "wma2", "avi-mp3"]
)
def test_a_pause_is_none(name: str, fault: str, tmp_path: Path) -> None:
    assert not read(name, fault, tmp_path)[2]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("ac3", "tail-tag"),
        ("dts", "tail-zeros"),
        ("mp3-vbr", "tail-zeros"),
        ("m2ts-ac3", "gap"),
        ("g722", "whole"),
        ("sbc", "whole"),
    ],
)
def test_of_whole_files_nothing_is_told(name: str, fault: str, tmp_path: Path) -> None:
    base, numbers, spans = read(name, fault, tmp_path)
    assert not spans
    assert fault == "gap" or numbers == [word.number for word in base.words]


def test_a_link_of_another_rate_with_the_same_number_is_heard(tmp_path: Path) -> None:
    base = made("ogg-flac", tmp_path)
    fast = replace(base.form, name="fast", rate_hz=24_000)
    more = whole(fast, tmp_path, first=40)
    both = tmp_path / "both.oga"
    both.write_bytes(base.path.read_bytes() + more.path.read_bytes())
    said, losses = read_words(both)
    assert said == [word.number for word in (*base.words, *more.words)]
    assert not losses


def test_an_opus_without_stamps_is_heard_to_its_end(tmp_path: Path) -> None:
    base, numbers, _ = read("ogg-opus", "whole", tmp_path)
    data = next(data for fault, data in changes(base.path.read_bytes()) if fault == "granules-0")
    base.path.write_bytes(data)
    assert read_words(base.path)[0] == numbers


def made(name: str, folder: Path) -> Whole:
    try:
        return whole(FORMS_BY_NAME[name], folder)
    except NotMade as error:
        pytest.skip(f"no encoder for {name} here: {error}")


def read(name: str, fault: str, folder: Path) -> tuple[Whole, list[int], list[Span]]:
    base = made(name, folder)
    cases = chain([base.case("whole", "")], in_bytes(base), in_clock(base))
    case = next(case for case in cases if case.fault == fault)
    return base, *read_words(folder / case.name)


def read_words(path: Path) -> tuple[list[int], list[Span]]:
    words, spans = words_of(path)
    return [word.number for word in words], spans


def words_of(path: Path) -> tuple[list[Spoken], list[Span]]:
    with open_source(path) as recording:
        sound = np.concatenate(list(prepare(recording))) / 32768
    return heard(sound), [loss.span for loss in recording.losses]


def touches(span: Span, word: Spoken) -> bool:
    return span.start_s - 0.15 < word.end_s and word.start_s < span.end_s + 0.15


@given(st.integers(0, 1500), st.integers(20, 400))
@settings(max_examples=20, deadline=None)
def test_damage_in_what_is_dropped_at_the_start_is_no_loss_before_it(
    behind: int, size: int
) -> None:
    data = plain_file(babble(1) / np.float32(32768), 16_000, "MP3")
    delay = data.index(b"Xing") + 141
    data = data[:delay] + b"\xff\xf0\0" + data[delay + 3 :]  # 4,095 samples, none of padding
    at = data.index(data[:2], delay) + behind
    file = BytesIO(data[:at] + bytes(range(256)) * 2 + data[at + size :])
    with ContainerRecording(file, "x", None) as recording:
        assert sum(map(len, recording.blocks()))
    ends = [end for loss in recording.losses for end in (loss.span.start_s, loss.span.end_s)]
    assert ends == sorted(ends)
    assert all(end >= 0 for end in ends)
