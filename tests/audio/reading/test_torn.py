"""A jump of the clock is a pause where every byte is accounted for, and a loss where not."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from media.faults import in_bytes, in_clock, whole
from media.formats import FORMS
from media.tonecode import Spoken, heard

from audiopipe.audio.reading import open_source
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import Span

FORMS_BY_NAME = {form.name: form for form in FORMS}


@pytest.mark.parametrize("fault", ["zeros", "noise", "gap", "lost"])
@pytest.mark.parametrize(
    "name", ["mkv-ac3", "mka-flac", "flv-aac", "ts-mp2", "ts-ac3", "webm-opus"]
)
def test_damage_is_told_of_and_a_pause_is_none(name: str, fault: str, tmp_path: Path) -> None:
    base = whole(FORMS_BY_NAME[name], tmp_path)
    case = next(case for case in chain(in_bytes(base), in_clock(base)) if case.fault == fault)
    with open_source(tmp_path / case.name) as recording:
        sound = np.concatenate(list(prepare(recording))) / 32768
    spans = [loss.span for loss in recording.losses]
    there = {word.number for word in heard(sound)}
    missing = [word for word in base.words if word.number not in there]
    if fault in ("gap", "lost"):
        assert not spans
    else:
        assert missing
        assert all(any(touches(span, word) for span in spans) for word in missing)


def touches(span: Span, word: Spoken) -> bool:
    return span.start_s - 0.15 < word.end_s and word.start_s < span.end_s + 0.15
