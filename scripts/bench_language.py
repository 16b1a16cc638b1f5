"""How often the embedded engine tells the language of short clips, and prints a Markdown table.

python scripts/bench_language.py --folder DIR           clips, their names begin with a code: de_7
python scripts/bench_language.py --folder DIR --part 1  every second of each language, the first not

Beside it stands faster-whisper's guess with the same weights, as openai-whisper makes it. A clip is
flagged where the engine says that it may be another language; what is neither right nor flagged is
what nobody is told of.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faster_whisper import WhisperModel, decode_audio

import audiopipe
from audiopipe.backends.local.weights import BUNDLED, bundled

_FLAGS = frozenset(("language-unsure", "language-switch"))


@dataclass(frozen=True, slots=True)
class Told:
    """Of one clip: whether ours and the rival are right, and whether ours is flagged."""

    is_right: bool
    is_flagged: bool
    rival_is_right: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, required=True, help="clips, named xx_ANYTHING")
    parser.add_argument("--model", default="base", choices=sorted(BUNDLED))
    parser.add_argument("--threads", type=int, default=0, help="of a decoding; 0: one a core")
    parser.add_argument("--part", type=int, choices=(0, 1), help="the even or the odd clips alone")
    arguments = parser.parse_args()
    clips: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(arguments.folder.iterdir()):
        clips[path.name.partition("_")[0]].append(path)
    print("| language | clips | right | flagged | right or flagged | faster-whisper |")
    print("|---|---|---|---|---|---|")
    every: list[Told] = []
    with audiopipe.Local(threads=arguments.threads) as engine:
        place = bundled(arguments.model, engine.models_dir)
        rival = WhisperModel(str(place), compute_type="int8", cpu_threads=arguments.threads)
        for language, paths in clips.items():
            part = paths if arguments.part is None else paths[arguments.part :: 2]
            told = [_told(path, language, engine, arguments.model, rival) for path in part]
            _row(language, told)
            every += told
    _row("**all**", every)


def _told(
    path: Path, language: str, engine: audiopipe.Local, model: str, rival: WhisperModel
) -> Told:
    heard = audiopipe.transcribe(path, backend=engine, model=model, cache=False)
    code, *_ = rival.detect_language(decode_audio(str(path)))
    is_right = heard.language == language
    is_flagged = any(flag.kind in _FLAGS for flag in heard.flags)
    if not is_right:
        print(f"{path.name}: {heard.language}{' (flagged)' * is_flagged}; the rival: {code}")
    return Told(is_right, is_flagged, code == language)


def _row(name: str, told: Sequence[Told]) -> None:
    right = sum(each.is_right for each in told)
    flagged = sum(each.is_flagged for each in told)
    either = sum(each.is_right or each.is_flagged for each in told)
    theirs = sum(each.rival_is_right for each in told)
    print(f"| {name} | {len(told)} | {right} | {flagged} | {either} | {theirs} |", flush=True)


if __name__ == "__main__":
    main()
