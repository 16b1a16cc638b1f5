"""Repairs what is flagged in recordings whose text is known, and prints a Markdown table.

python scripts/bench_repair.py --folder DIR             each X.ext with its spoken text in X.txt
python scripts/bench_repair.py --folder DIR 'en_*'      only those that match
python scripts/bench_repair.py                          none: it needs recordings and their texts

The embedded engine transcribes each recording without and with `--repair`; answers are kept, so
that the second costs only the repairs. WER: word error rate in percent, in the form of
whisper_normalizer's rules, English ones where English is heard. Recordings in a folder named
`chosen` may choose rules, all others only check them (`make_hard_recordings.py` makes both); the
last line names those that repair makes worse.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import jiwer
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

import audiopipe
from audiopipe.settings import Settings
from audiopipe.values.transcript import Transcript
from audiopipe.workflows.inputs.sniff import RECORDINGS

_ENGLISH, _ANY = EnglishTextNormalizer(), BasicTextNormalizer()

_HEADER = """\
| recording | WER | repaired | flags | left | asked again | replaced |
|---|---|---|---|---|---|---|"""


def main() -> None:
    arguments = _arguments()
    settings = Settings(
        model=arguments.model,
        language=arguments.language,
        chunk_length_s=arguments.chunk_length,
        overlap_s=arguments.overlap,
        cache_dir=arguments.cache_dir,
        repair=False,
    )
    folders = [arguments.folder] if arguments.folder else []
    found = {path for folder in folders for name in arguments.names for path in folder.rglob(name)}
    worse: list[str] = []
    print(_HEADER)
    with audiopipe.Local() as engine:
        for path in sorted(
            p for p in found if p.suffix in RECORDINGS and p.with_suffix(".txt").exists()
        ):
            spoken = path.with_suffix(".txt").read_text("utf-8")
            first = audiopipe.transcribe(path, backend=engine, settings=settings)
            second = audiopipe.transcribe(
                path,
                backend=engine,
                settings=replace(settings, repair=True, denoise=arguments.denoise),
            )
            before, after = _wer(spoken, first), _wer(spoken, second)
            worse += [path.stem] if after > before else []
            rates = f"{before:.2f} | {after:.2f}"
            replaced = sum(repair.replaced for repair in second.repairs)
            counts = (len(first.flags), len(second.flags), len(second.repairs), replaced)
            row = (f"{path.parent.name}/{path.stem}", rates, *counts)
            print("|", " | ".join(map(str, row)), "|", flush=True)
            if arguments.verbose:
                for repair in second.repairs:
                    print(f"  {repair}")
    print(f"\nMade worse: {', '.join(worse) or 'none'}.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=["*"], help="patterns of file names")
    parser.add_argument("--folder", type=Path, help="recordings, each beside a text")
    parser.add_argument("--model", default="base")
    parser.add_argument("--language", default="", help="else it is guessed")
    parser.add_argument("--chunk-length", type=float, default=60.0)
    parser.add_argument("--overlap", type=float, default=5.0)
    parser.add_argument("--denoise", action="store_true", help="try with less noise, too")
    parser.add_argument("--cache-dir", default="", help="where answers are kept")
    parser.add_argument("-v", "--verbose", action="store_true", help="show each repair")
    return parser.parse_args()


def _wer(spoken: str, transcript: Transcript) -> float:
    normal = _ENGLISH if transcript.language == "en" else _ANY
    rate: float = jiwer.wer(normal(spoken), normal(transcript.text))
    return 100 * rate


if __name__ == "__main__":
    main()
