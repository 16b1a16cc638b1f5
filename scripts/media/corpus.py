"""All files of the corpus: forms times faults, and headers that lie."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from media import faults, surgery
from media.case import Case, store
from media.formats import FFMPEG, FORMS, Form, NotMade

_ODD = frozenset(
    "wav-s16 flac ogg-vorbis ogg-opus mp3 m4a-aac m4a-alac mp4-opus mkv-aac mkv-opus webm-opus "
    "ts-aac ts-ac3 aac-adts wma2 avi-mp3 wavpack caf-alac mov-pcm".split()
)
"""Forms of which odd channels and rates are made."""


def build(folder: Path, share: float = 1.0, jobs: int | None = None) -> list[Case]:
    """Make the corpus, or about a share of it, 0 to 1, always the same, with its manifest.

    What cannot be made here, for want of an encoder, is left out; so is, without ffmpeg, what only
    ffmpeg knows the right times of.
    """
    folder.mkdir(parents=True, exist_ok=True)
    forms = [form for form in FORMS if FFMPEG or not form.delays]
    if share < 1:
        forms = random.Random(1).sample(forms, round(len(forms) * share**0.5))
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("spawn")) as pool:
        rows = pool.map(partial(_of_form, folder, share**0.5), forms)
        cases = [case for row in rows for case in row]
    store(folder, cases)
    return cases


def _of_form(folder: Path, share: float, form: Form) -> list[Case]:
    try:
        base = replace(faults.timed(faults.whole(form, folder)), share=share)
    except NotMade:
        return []
    makers: list[Callable[[], Iterator[Case]]] = [
        partial(faults.in_bytes, base),
        partial(faults.joined, base),
        partial(faults.in_clock, base),
        partial(faults.copied, base),
        partial(faults.beside_video, base),
        partial(faults.encrypted, base),
        partial(surgery.of_form, base),
    ]
    if form.name in _ODD:
        makers += [partial(faults.odd_layouts, base), partial(faults.silent_channels, base)]
    cases = [case for maker in makers for case in maker()]
    return [base.case("whole", base.command), *cases]
