"""Makes recordings in eight languages for bench_flags.py: speech, and stretches without any.

python scripts/make_flag_audio.py DIR OUT

From DIR, whose recordings have labels in X.segments.jsonl, come English, German, Spanish and
music; French, Italian and Russian are prompts of Debian's asterisk-core-sounds-{fr,it,ru}-wav,
Dutch and Czech the dialogues of its fillets-ng-data-{nl,cs}, each of those that are installed. A
language gives two recordings of 90 s of speech each, of other clips: rules are chosen on `XX_a`,
and `XX_b` only checks them. After each 14 s of speech follow 8 to 14 s of music, pink noise, hiss,
hum or silence; over each second third of the speech lies pink noise 12 dB below it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audiopipe.audio.clip import decode_clip
from audiopipe.errors import EmptyAudio
from audiopipe.values.audio import RATE_HZ

LABELLED = {"en": "en_multi", "de": "de_read_60m", "es": "tel_es_25m"}
SOUNDS = Path("/usr/share/asterisk/sounds")
PROMPTS = {"fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}
FILLETS = Path("/usr/share/games/fillets-ng/sound")
KINDS = ("music", "noise", "hiss", "silence", "hum")
LEAST_S, MOST_S, SPEECH_S, BETWEEN_S = 1.5, 12.0, 90.0, 14.0
NOISE_DB = 12.0
MOST_FILES = 160

Samples = NDArray[np.float32]


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    music = [clip for kind, clip in _labelled(folder, "en_flags_20m") if kind == "music"]
    for language in (*LABELLED, *PROMPTS, "nl", "cs"):
        if not (clips := _level(_clips(folder, language))):
            continue
        for part, offset in (("a", 0), ("b", 1)):
            dice = np.random.default_rng(offset)
            _write(out / f"{language}_{part}", clips[offset::2], music, dice)


def _clips(folder: Path, language: str) -> Iterator[Samples]:
    if language in LABELLED:
        yield from (
            clip for kind, clip in _labelled(folder, LABELLED[language]) if kind == "speech"
        )
    elif language in PROMPTS:
        yield from _files(sorted((SOUNDS / PROMPTS[language]).glob("*.wav")))
    else:
        yield from _files(sorted(FILLETS.glob(f"*/{language}/*.ogg")))


def _files(paths: Sequence[Path]) -> Iterator[Samples]:
    """Every so many of those that hold a sound."""
    for path in paths[:: max(1, len(paths) // MOST_FILES)]:
        with suppress(EmptyAudio):
            yield _read(path)


def _labelled(folder: Path, name: str) -> Iterator[tuple[str, Samples]]:
    rows = [json.loads(line) for line in (folder / f"{name}.segments.jsonl").open("rb")]
    (path,) = (p for p in folder.glob(f"{name}.*") if p.suffix not in (".jsonl", ".txt"))
    whole = _read(path)
    for row in rows:
        yield row["kind"], whole[int(row["start"] * RATE_HZ) : int(row["end"] * RATE_HZ)]


def _read(path: Path) -> Samples:
    clip = decode_clip(path.read_bytes())
    samples: Samples = soxr.resample(clip.samples, clip.rate_hz, RATE_HZ)
    return samples


def _level(clips: Iterator[Samples]) -> list[Samples]:
    """Those of a sentence's length, at one level."""
    fit = [c for c in clips if LEAST_S <= len(c) / RATE_HZ <= MOST_S and c.std() > 0]
    return [clip * np.float32(0.06 / clip.std()) for clip in fit]


def _write(
    stem: Path, clips: list[Samples], music: list[Samples], dice: np.random.Generator
) -> None:
    parts: list[Samples] = []
    rows: list[dict[str, Any]] = []
    at = spoken = 0
    kinds = cycle(KINDS)
    between_s = BETWEEN_S
    for clip in islice(cycle(dice.permutation(len(clips))), 4 * len(clips)):
        if spoken >= SPEECH_S * RATE_HZ:
            break
        at = _add(parts, rows, at, "speech", _noisy(clips[clip], len(parts) // 2, dice), dice)
        spoken += len(clips[clip])
        if spoken / RATE_HZ >= between_s:
            between_s += BETWEEN_S
            kind = next(kinds)
            at = _add(parts, rows, at, kind, _unspoken(kind, music, dice), dice)
    soundfile.write(stem.with_suffix(".flac"), np.concatenate(parts), RATE_HZ)
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    stem.with_suffix(".segments.jsonl").write_text(lines, "utf-8")
    print(f"{stem.name}: {at / RATE_HZ:.0f} s, {len(rows)} stretches")


def _add(
    parts: list[Samples],
    rows: list[dict[str, Any]],
    at: int,
    kind: str,
    sound: Samples,
    dice: np.random.Generator,
) -> int:
    """A stretch and the pause after it; where the next begins."""
    rows.append({"start": at / RATE_HZ, "end": (at + len(sound)) / RATE_HZ, "kind": kind})
    pause = np.float32(1e-4) * dice.standard_normal(int(dice.uniform(0.3, 1.0) * RATE_HZ))
    parts += [sound, pause.astype(np.float32)]
    return at + len(sound) + len(pause)


def _noisy(clip: Samples, number: int, dice: np.random.Generator) -> Samples:
    noise = _pink(len(clip), dice) * np.float32(clip.std() * 10 ** (-NOISE_DB / 20))
    return clip + noise if number % 3 == 1 else clip


def _unspoken(kind: str, music: list[Samples], dice: np.random.Generator) -> Samples:
    length = int(dice.uniform(8, 14) * RATE_HZ)
    if kind == "music":
        piece = music[dice.integers(len(music))]
        first = int(dice.integers(max(1, len(piece) - length)))
        part = piece[first : first + length]
        louder: Samples = part * np.float32(0.06 / max(part.std(), 1e-6))
        return louder
    if kind == "hum":
        harmonics = np.array([[1], [2], [3], [5]])
        waves = np.sin(2 * np.pi * 50 * harmonics * np.arange(length) / RATE_HZ)
        hum: Samples = (0.03 * (waves / harmonics).sum(axis=0)).astype(np.float32)
        return hum
    level = {"noise": 0.04, "hiss": 0.02, "silence": 1e-4}[kind]
    sound = dice.standard_normal(length) if kind == "hiss" else _pink(length, dice)
    made: Samples = (sound * level).astype(np.float32)
    return made


def _pink(length: int, dice: np.random.Generator) -> Samples:
    waves = np.fft.rfft(dice.standard_normal(length))
    noise = np.fft.irfft(waves / np.sqrt(np.maximum(1, np.arange(len(waves)))), length)
    pink: Samples = (noise / noise.std()).astype(np.float32)
    return pink


if __name__ == "__main__":
    main()
