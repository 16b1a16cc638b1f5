"""Finds scripts/crowd.npy: how to read from the speaker network whether several speak at once.

python scripts/train_crowd.py DIR

A second and a half of a reader, of one after another, or of two at once, as they are drawn by lot:
at levels up to 6 dB apart, slower and faster by up to 17 %, under white or pink noise 8 to 35 dB
below. Log odds are then linear in what the three layers of the network and the logarithms of its
mel spectrum are 0.1 s later (logistic regression). Readers are those of labelled recordings in DIR
(see bench_speakers.py) and of Debian's asterisk-core-sounds-fr-wav and fillets-ng-data-{nl,cs};
those of CHECKS only check. The weights that stand in crowd.npy were found so; on those readers and
four more of such packages, of steps of which 24 % have two voices, 80 % of those with odds above 1
do, and 55 % of these are found (area under the curve 0.90). pip install scikit-learn
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import soxr
from numpy.typing import NDArray
from onnx import TensorProto, helper

from audiopipe.audio.clip import decode_clip
from audiopipe.errors import EmptyAudio
from audiopipe.values.audio import RATE_HZ

OUT = Path(__file__).with_name("crowd.npy")
NETWORK = Path(__file__).parent.parent / "audiopipe" / "audio" / "resemblyzer.onnx"
RECORDINGS = ("en_multi", "en_read_30m", "tel_es_25m", "tel_en_25m", "de_read_60m")
CHECKS = ("ls3080", "ls1998", "ls3005", "ls1089", "lj", "az-en", "kerstin", "ast-en")
PROMPTS = Path("/usr/share/asterisk/sounds/fr_CA_f_June")
FILLETS = Path("/usr/share/games/fillets-ng/sound")
FRAMES, HOP, FRAME, LATE, SETTLES, EACH = 160, 160, 400, 10, 32, 8
AT_ONCE, EXAMPLES, CHECKED = 32, 2560, 800

Samples = NDArray[np.float32]
Readers = dict[str, list[Samples]]


def main() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    readers = dict(_labelled(Path(sys.argv[1]))) | dict(_packaged())
    network = _network()
    checks = {who: clips for who, clips in readers.items() if who in CHECKS}
    learns = {who: clips for who, clips in readers.items() if who not in CHECKS}
    states, both = _steps(learns, EXAMPLES, 11, network)
    mean, spread = states.mean(axis=0), states.std(axis=0) + 1e-6
    found = LogisticRegression(C=0.003, max_iter=50).fit((states - mean) / spread, both)
    weights = found.coef_[0] / spread
    np.save(OUT, np.append(weights, found.intercept_ - weights @ mean).astype(np.float32))
    states, both = _steps(checks, CHECKED, 15, network)
    odds = states @ weights + found.intercept_ - weights @ mean
    told = odds > 0
    print(f"{both.mean():.2f} of steps have two voices; told {told.sum()}, right")
    print(
        f"{both[told].mean():.2f}, found {told[both].mean():.2f}; {roc_auc_score(both, odds):.3f}"
    )


def _labelled(folder: Path) -> Iterator[tuple[str, list[Samples]]]:
    found: Readers = {}
    for name in RECORDINGS:
        (path,) = (p for p in folder.glob(f"{name}.*") if p.suffix not in (".jsonl", ".txt"))
        whole = _read(path)
        for row in map(json.loads, (folder / f"{name}.segments.jsonl").open("rb")):
            if row["kind"] == "speech" and row["speaker"]:
                part = whole[int(row["start"] * RATE_HZ) : int(row["end"] * RATE_HZ)]
                found.setdefault(row["speaker"], []).append(part)
    yield from found.items()


def _packaged() -> Iterator[tuple[str, list[Samples]]]:
    yield "june", _long(PROMPTS, "*.wav")
    yield "nl-m", _long(FILLETS, "*/nl/*-m-*.ogg")
    yield "cs-v", _long(FILLETS, "*/cs/*-v-*.ogg")


def _long(folder: Path, pattern: str) -> list[Samples]:
    clips = []
    for path in sorted(folder.glob(pattern))[:250]:
        try:
            clips.append(_read(path))
        except EmptyAudio:
            continue
    return [clip for clip in clips if len(clip) > 1.5 * RATE_HZ]


def _read(path: Path) -> Samples:
    clip = decode_clip(path.read_bytes())
    samples: Samples = soxr.resample(clip.samples, clip.rate_hz, RATE_HZ)
    return samples


def _network() -> Any:
    """The speaker network with its layers as outputs."""
    from onnxruntime import InferenceSession

    model = onnx.load(NETWORK)
    del model.graph.output[:]
    for name in ("heard0", "heard1", "heard2", "levels"):
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return InferenceSession(model.SerializeToString())


def _steps(
    readers: Readers, count: int, seed: int, network: Any
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """States of the network in some frames of examples, and whether two speak there."""
    dice = np.random.default_rng(seed)
    states, both = [], []
    for _ in range(count // AT_ONCE):
        examples = [_example(readers, dice) for _ in range(AT_ONCE)]
        padded = (np.pad(sound, FRAME // 2) for sound, _ in examples)
        frames = [
            np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP][:FRAMES]
            for sound in padded
        ]
        inputs = {
            "frames": np.concatenate(frames),
            "windows": np.arange(FRAMES)[:, None] + FRAMES * np.arange(AT_ONCE),
            "lengths": np.full(AT_ONCE, FRAMES, np.int32),
        }
        layers = np.concatenate(network.run(None, inputs), axis=2)
        for n, (_, crowded) in enumerate(examples):
            at = np.arange(dice.integers(SETTLES, SETTLES + EACH), FRAMES, EACH)
            states.append(layers[at, n])
            both.append(crowded[at - LATE])
    return np.concatenate(states), np.concatenate(both)


def _example(readers: Readers, dice: np.random.Generator) -> tuple[Samples, NDArray[np.bool_]]:
    """A second and a half, and where two speak in it."""
    names = dice.choice([*readers], 2, replace=False)
    one, other = (_piece(readers[str(name)], dice) for name in names)
    other *= np.float32(10 ** (dice.uniform(-6, 6) / 20))
    here, there = np.ones(FRAMES, bool), np.zeros(FRAMES, bool)
    at, length = dice.integers(0, FRAMES - 20), dice.integers(20, 110)
    match dice.choice(
        ["alone", "after", "before the end", "between", "both"], p=[0.3, *[0.175] * 4]
    ):
        case "after":
            here[at:], there[at + dice.integers(0, 20) :] = False, True
        case "before the end":
            here[at + length :], there[at:] = False, True
        case "between":
            there[at : at + length] = True
        case "both":
            there[:] = True
    crowded = _voiced(one) & here & _voiced(other) & there
    sound = np.repeat(here, HOP) * one + np.repeat(there, HOP) * other
    noise = np.fft.rfft(dice.standard_normal(len(sound)))
    noise /= np.maximum(1, np.arange(len(noise))) ** dice.choice([0, 0.5])
    hiss = np.fft.irfft(noise, len(sound))
    sound = sound + hiss * sound.std() / hiss.std() * 10 ** (-dice.uniform(8, 35) / 20)
    return (sound * 10 ** (-25 / 20) / max(sound.std(), 1e-6)).astype(np.float32), crowded


def _piece(clips: list[Samples], dice: np.random.Generator) -> Samples:
    clip = clips[dice.integers(len(clips))]
    speed = dice.choice([0.85, 0.92, 1, 1, 1.08, 1.17])
    said = np.interp(np.arange(0, len(clip) - 1, speed), np.arange(len(clip)), clip)
    length = FRAMES * HOP
    said = np.resize(said, max(length, len(said)))
    first = dice.integers(len(said) - length + 1)
    part = said[first : first + length].astype(np.float32)
    return part * np.float32(0.05 / max(part.std(), 1e-4))


def _voiced(sound: Samples) -> NDArray[np.bool_]:
    """Frames within 25 dB of the loud ones."""
    power = np.convolve((sound.reshape(FRAMES, HOP) ** 2).mean(axis=1), np.ones(9) / 9, "same")
    voiced: NDArray[np.bool_] = power > np.quantile(power, 0.9) * 10**-2.5
    return voiced


if __name__ == "__main__":
    main()
