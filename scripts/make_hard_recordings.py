"""Makes recordings that are hard to hear, each with what is spoken in NAME.txt beside it.

python scripts/make_hard_recordings.py --speech DIR OUT

DIR holds readings and telephone prompts, X.ext with X.segments.jsonl beside it: one line a clip,
with start, end and text. Four minutes of each are taken as they are, too. Prompts and dialogues of
Debian packages come from where those install them (asterisk-core-sounds-{fr,it,ru}-wav;
fillets-ng-data-{nl,cs}). What is not there is left out and named.

OUT/chosen gets those on which rules may be chosen, OUT/checks those which only check them: other
speakers or other parts, and other languages where there are any. ffmpeg must be installed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

RATE_HZ = 16_000
LENGTH_S = 150.0

_AS_IS = {
    "en_read_30m": (900, 1140),
    "en_noseam_10m": (300, 540),
    "en_flags_20m": (500, 740),
    "en_multi": (500, 740),
    "de_read_60m": (1500, 1740),
    "tel_en_25m": (700, 940),
    "tel_es_25m": (700, 940),
}
"""Stretches of readings and prompts, in seconds, from which no rule was chosen."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """Mono samples at 16 kHz, float32, and what is spoken in them."""

    samples: Samples
    text: str


Clips = Iterator[Clip]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    parser.add_argument("--speech", type=Path, required=True, help="readings, with their segments")
    parser.add_argument("--sounds", type=Path, default=Path("/usr/share"), help="of packages")
    arguments = parser.parse_args()
    for name, make in _recipes(arguments.speech, arguments.sounds).items():
        path = arguments.out / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            made = make()
        except OSError as error:
            print(f"{name}: left out: {error}")
            continue
        sf.write(path, made.samples, RATE_HZ)
        path.with_suffix(".txt").write_text(made.text, "utf-8")
        print(f"{name}: {len(made.samples) / RATE_HZ:.0f} s, {len(made.text.split())} words")


def _recipes(speech: Path, sounds: Path) -> dict[str, Callable[[], Clip]]:
    read = partial(_read, speech)
    calls, plays = partial(_calls, sounds), partial(_plays, sounds)
    return {
        f"checks/{name}": partial(_stretch, speech, name, *times) for name, times in _AS_IS.items()
    } | {
        "chosen/tel_fr": lambda: _joined(calls("fr"), 0.5),
        "chosen/theatre_nl": lambda: _joined(plays("nl"), 0.4),
        "chosen/hiss_en": lambda: _hissing(_joined(read("en_multi", 100)), 12),
        "chosen/band_de": lambda: _in_band(_joined(read("de_read_60m", 100))),
        "chosen/pauses_en": lambda: _joined(read("en_read_30m", 100), 8.0, 180),
        "chosen/song_en": lambda: _sung(_joined(read("en_read_30m", 400), 0.3, 40)),
        "chosen/languages_en_de_nl": lambda: _in_turn(
            read("en_multi", 300), read("de_read_60m", 700), plays("nl", 200)
        ),
        "chosen/hiss_alone_en": lambda: _over_hiss(_joined(read("en_read_30m", 700), 0.4, 25)),
        "checks/tel_it": lambda: _joined(calls("it"), 0.5),
        "checks/tel_ru": lambda: _joined(calls("ru"), 0.5),
        "checks/theatre_cs": lambda: _joined(plays("cs"), 0.4),
        "checks/theatre_nl_late": lambda: _joined(plays("nl", 900), 0.4),
        "checks/hiss_es": lambda: _hissing(_joined(read("tel_es_25m", 100)), 12),
        "checks/band_en": lambda: _in_band(_joined(read("en_noseam_10m", 100))),
        "checks/pauses_de": lambda: _joined(read("de_read_60m", 1800), 8.0, 180),
        "checks/song_late": lambda: _sung(_joined(read("en_read_30m", 1500), 0.3, 40)),
        "checks/languages_en_de_fr_es_ru": lambda: _in_turn(
            read("en_multi", 600),
            read("de_read_60m", 2500),
            calls("fr", 200),
            read("tel_es_25m", 900),
            calls("ru", 200),
        ),
        "checks/litany_en": lambda: _litany(read("en_read_30m", 1900)),
    }


def _read(folder: Path, name: str, from_s: float) -> Clips:
    """The clips of a reading from a time on."""
    path, rows = _labelled(folder, name)
    for row in rows:
        if row["start"] >= from_s and row.get("text"):
            yield Clip(_heard(path, row["start"], row["end"] - row["start"]), row["text"])


def _stretch(folder: Path, name: str, from_s: float, until_s: float) -> Clip:
    """A reading from the first clip after a time to the last before another."""
    path, rows = _labelled(folder, name)
    here = [row for row in rows if row["start"] >= from_s and row["end"] <= until_s]
    start_s, end_s = here[0]["start"] - 0.2, here[-1]["end"] + 0.2
    text = " ".join(row["text"] for row in here if row.get("text"))
    return Clip(_heard(path, start_s, end_s - start_s), text)


def _labelled(folder: Path, name: str) -> tuple[Path, list[dict[str, Any]]]:
    (path,) = (p for p in folder.glob(f"{name}.*") if p.suffix not in (".txt", ".jsonl"))
    rows = (folder / f"{name}.segments.jsonl").read_text("utf-8").splitlines()
    return path, [json.loads(row) for row in rows]


def _calls(sounds: Path, language: str, skip: int = 0) -> Clips:
    """Telephone prompts of at least four words."""
    (folder,) = (
        p for p in (sounds / "asterisk/sounds").glob(f"{language}_*_*") if not p.is_symlink()
    )
    text = sounds / f"doc/asterisk-core-sounds-{language}/core-sounds-{language}.txt.gz"
    lines = gzip.decompress(text.read_bytes()).decode("utf-8", "replace").splitlines()
    found = (re.match(r"^([\w/-]+):\s*([^\[(]+)$", line) for line in lines)
    pairs = [(folder / f"{m[1]}.wav", m[2].strip()) for m in found if m]
    for path, said in [p for p in pairs if p[0].exists() and len(p[1].split()) > 3][skip:]:
        yield Clip(_heard(path), said)


def _plays(sounds: Path, language: str, skip: int = 0) -> Clips:
    """Lines of two fish that talk while they solve puzzles."""
    home = sounds / "games/fillets-ng"
    texts = sorted((home / "script").glob(f"*/dialogs_{language}.lua"))
    pairs = [
        (home / "sound" / lua.parent.name / language / f"{name}.ogg", said.replace('\\"', '"'))
        for lua in texts
        for name, said in re.findall(
            r'dialogId\("([^"]+)".*\ndialogStr\("(.*)"\)', lua.read_text("utf-8", "replace")
        )
    ]
    if not texts:
        raise FileNotFoundError(home)
    for path, said in [p for p in pairs if p[0].exists() and len(p[1].split()) > 2][skip:]:
        yield Clip(_heard(path), said)


def _heard(path: Path, start_s: float = 0.0, length_s: float | None = None) -> Samples:
    part = ["-t", str(length_s)] if length_s else []
    command = ["ffmpeg", "-v", "error", "-ss", str(start_s), *part, "-i", str(path)]
    command += ["-ac", "1", "-ar", str(RATE_HZ), "-f", "f32le", "-"]
    return np.frombuffer(
        subprocess.run(command, capture_output=True, check=True).stdout, np.float32
    )


def _joined(clips: Clips, pause_s: float = 0.6, length_s: float = LENGTH_S) -> Clip:
    samples: list[Samples] = []
    texts: list[str] = []
    while sum(map(len, samples)) < length_s * RATE_HZ:
        clip = next(clips)
        samples += [clip.samples, _noise(pause_s, 1e-4)]
        texts.append(clip.text)
    return Clip(np.concatenate(samples), " ".join(texts))


def _in_turn(*speakers: Clips) -> Clip:
    """Each for 40 s."""
    parts = [_joined(clips, 0.6, 40) for clips in speakers]
    return Clip(np.concatenate([p.samples for p in parts]), " ".join(p.text for p in parts))


def _litany(clips: Clips) -> Clip:
    """Sentences that are really said three times."""
    thrice = (each for clip in clips if len(clip.samples) < 5 * RATE_HZ for each in [clip] * 3)
    return _joined(thrice)


def _noise(length_s: float, level: float) -> Samples:
    return np.random.default_rng(1).normal(0, level, round(length_s * RATE_HZ)).astype(np.float32)


def _hissing(clip: Clip, snr_db: float) -> Clip:
    level = np.sqrt(np.mean(clip.samples**2)) * 10 ** (-snr_db / 20)
    return Clip(clip.samples + _noise(len(clip.samples) / RATE_HZ, level), clip.text)


def _over_hiss(clip: Clip) -> Clip:
    """Something said once, in two minutes of hiss."""
    level = float(np.sqrt(np.mean(clip.samples**2))) / 5
    sides = [_noise(50, level)] * 2
    return Clip(np.concatenate([sides[0], _hissing(clip, 14).samples, sides[1]]), clip.text)


def _in_band(clip: Clip) -> Clip:
    """As over the telephone: 300 to 3,400 Hz, 8 bits by the mu law."""
    band = sosfilt(butter(6, (300, 3400), "band", fs=RATE_HZ, output="sos"), clip.samples)
    band = band / max(1e-9, np.abs(band).max())
    law = np.round(np.sign(band) * np.log1p(255 * np.abs(band)) / np.log(256) * 127) / 127
    heard = np.sign(law) * np.expm1(np.abs(law) * np.log(256)) / 255
    return Clip((heard / 2).astype(np.float32), clip.text)


_TUNE_HZ = (262, 262, 392, 392, 440, 440, 392, 349, 349, 330, 330, 294, 294, 262)


def _sung(clip: Clip) -> Clip:
    """Speech drawn out by a half, on the notes of a tune: each 20 ms of it filters the tone of its
    note by the formants of the voice (linear prediction)."""
    step, order, stretch = 320, 20, 1.5
    window = np.hanning(2 * step).astype(np.float32)
    count = int(len(clip.samples) / step * stretch) - 4
    at_s = np.arange((count + 2) * step) / RATE_HZ
    notes = np.array(_TUNE_HZ)[(at_s / 0.5).astype(int) % len(_TUNE_HZ)]
    phase = np.cumsum(notes * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * at_s)) / RATE_HZ)
    tone = np.diff(np.floor(phase), prepend=0) + _noise(at_s[-1] + 1, 0.02)[: len(at_s)]
    sung = np.zeros(len(tone) + 2 * step, np.float32)
    for n in range(count):
        start = int(n / stretch) * step
        frame = clip.samples[start : start + 2 * step] * window
        line, gain = _prediction(frame, order)
        voiced = lfilter([1.0], line, tone[n * step : (n + 2) * step]) * window
        power = np.sqrt(np.mean(voiced**2)) or 1.0
        sung[n * step : (n + 2) * step] += (gain * voiced / power).astype(np.float32)
    return Clip(0.5 * sung / np.abs(sung).max(), clip.text)


def _prediction(frame: Samples, order: int) -> tuple[Sequence[float], float]:
    """The filter that the mouth is, and how loud it is, of one frame."""
    own = np.correlate(frame, frame, "full")[len(frame) - 1 : len(frame) + order]
    own = own * np.exp(-0.0005 * np.arange(order + 1) ** 2)
    matrix = own[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    line = np.linalg.solve(matrix + 1e-6 * (own[0] + 1e-6) * np.eye(order), own[1:])
    return [1.0, *(-line)], float(np.sqrt(np.mean(frame**2)))


if __name__ == "__main__":
    main()
