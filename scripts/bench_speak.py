"""A long text spoken by the embedded voice: time, memory, loudness, joins, a second run; and how
well the embedded recogniser hears again what was spoken of the shipped recordings.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyloudnorm

import audiopipe
from audiopipe.audio.reading import open_source
from audiopipe.backends.local.speak import LocalSpeaker
from audiopipe.session import speak

RECORDINGS = Path(__file__).parent.parent / "fixtures" / "recordings"
ENGLISH = ("jfk.flac", "two_cities.flac", "reading.mp3")
WORDS = (
    "the of and to in a is that was he for it with as his on be at by had not are but from or "
    "have an they which one you were her all she there would their we him been has when who "
    "will more no if out so said what up its about into than them can only other new some could "
    "time these two may then do first any my now such like our over man me even most made after "
    "also did many before must through back years where much your way well down should because "
    "each just those people how too little state good very make world still own see men work "
    "long get here between both life being under never day same another know while last might "
    "us great old year off come since against go came right used take three river mountain "
    "harbor winter candle letter garden"
).split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=60_000)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.into:
        narrate(asked.into, asked.characters)
        return
    with tempfile.TemporaryDirectory() as folder:
        for run in ("first", "second"):
            print(f"{run} run: ", end="", flush=True)
            # in a process of its own, whose memory is nobody else's
            command = [sys.executable, __file__, "--into", folder]
            subprocess.run([*command, "--characters", str(asked.characters)], check=True)
        look(Path(folder))
        for name in ENGLISH:
            round_trip(RECORDINGS / name, Path(folder))


def book(characters: int) -> str:
    """Paragraphs of sentences of common words, no two alike, with a heading every 3000 letters."""
    dice = random.Random(1)
    text = ""
    while len(text) < characters:
        if len(text) // 3000 >= text.count("# "):
            text += f"# Chapter {text.count('# ') + 1}\n\n"
        words = (" ".join(dice.choices(WORDS, k=dice.randint(8, 18))) for _ in range(5))
        text += " ".join(f"{sentence.capitalize()}." for sentence in words) + "\n\n"
    return text[:characters]


def narrate(folder: Path, characters: int) -> None:
    """Speak the text, and print what it took."""
    began_s = time.perf_counter()
    with LocalSpeaker() as voice:
        speech = speak(
            book(characters),
            folder / "book.m4a",
            title="A book",
            backend=voice,
            cache_dir=str(folder),
        )
    took_s = time.perf_counter() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{characters} characters, {speech.duration_s:.0f} s of speech in {took_s:.0f} s, "
        f"{len(speech.chapters)} chapters, {speech.spent.requests} requests, "
        f"{speech.path.stat().st_size / 1e6:.1f} MB, memory at most {peak_mb:.0f} MB"
    )
    spans = np.array([(span.start_s, span.end_s) for span, _ in speech.lines])
    np.save(folder / "spans.npy", spans)


def look(folder: Path) -> None:
    """Print the loudness of the file, and the largest step between two samples at a join."""
    with open_source(folder / "book.m4a") as recording:
        samples = np.concatenate([block[:, 0] for block in recording.blocks()])
        rate_hz = recording.rate_hz
    joins = (np.load(folder / "spans.npy").ravel() * rate_hz).round().astype(int)
    near = [samples[max(0, at - 12) : at + 12] for at in joins]
    step = max(float(np.abs(np.diff(each)).max(initial=0)) for each in near)
    measured = pyloudnorm.Meter(rate_hz).integrated_loudness(samples.astype(np.float64))
    peak_db = 20 * np.log10(np.abs(samples).max())
    print(
        f"loudness {measured:.2f} LUFS, peak {peak_db:.2f} dBFS, "
        f"largest step at {len(joins)} joins {20 * np.log10(step + 1e-9):.1f} dBFS"
    )


def round_trip(recording: Path, folder: Path) -> None:
    """Print the error rate of what is heard in the narration of a transcript."""
    with audiopipe.Local() as ears, LocalSpeaker() as voice:
        score = audiopipe.roundtrip(
            recording, folder, backend=ears, speaker=voice, cache_dir=str(folder)
        ).score
    print(
        f"{recording.name}: spoken and heard again, {100 * score.wer:.1f} % of {score.words} words"
    )


if __name__ == "__main__":
    main()
