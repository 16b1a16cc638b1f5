"""All files of the corpus: forms times faults, and headers that lie."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from media import faults, surgery
from media.case import Case, store
from media.formats import FORMS, Form, NotMade

_ODD = frozenset(
    "wav-s16 flac ogg-vorbis ogg-opus mp3 m4a-aac m4a-alac mp4-opus mkv-aac mkv-opus webm-opus "
    "ts-aac ts-ac3 aac-adts wma2 avi-mp3 wavpack caf-alac mov-pcm".split()
)
"""Forms of which odd channels and rates are made."""


def build(folder: Path, *, sample: int | None = None, jobs: int | None = None) -> list[Case]:
    """Make the corpus, or a sample of it of about so many files, with its manifest.

    What cannot be made here, for want of an encoder, is left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs or os.cpu_count(), get_context("spawn")) as pool:
        rows = pool.map(partial(_of_form, folder), FORMS)
        cases = [case for row in rows for case in row]
    if sample is not None:
        chosen = random.Random(1).sample(cases, min(sample, len(cases)))
        for case in cases:
            if case not in chosen:
                (folder / case.name).unlink()
        cases = chosen
    store(folder, cases)
    return cases


def _of_form(folder: Path, form: Form) -> list[Case]:
    try:
        base = faults.timed(faults.whole(form, folder))
    except NotMade:
        return []
    cases = [base.case("whole", base.command)]
    makers: list[Callable[[], Iterator[Case]]] = [
        partial(faults.in_bytes, base),
        partial(faults.joined, base, folder),
        partial(faults.in_clock, base),
        partial(faults.copied, base),
        partial(faults.beside_video, base),
        partial(faults.encrypted, base),
        partial(surgery.of_form, base),
    ]
    if form.name in _ODD:
        makers += [
            partial(faults.odd_layouts, form, folder),
            partial(faults.silent_channels, form, folder),
        ]
    return cases + [case for maker in makers for case in maker()]
