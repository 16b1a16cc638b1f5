"""Counts how much made-up text is flagged, and how much true text, and prints Markdown tables.

python scripts/bench_flags.py --folder DIR            each X.ext with its labels in X.segments.jsonl
python scripts/bench_flags.py --folder DIR en_*       only those that match
python scripts/make_flag_audio.py DIR OUT             recordings in eight languages, for --folder
python scripts/bench_flags.py                         only how fast voices are found

A line of labels is a JSON object with `start` and `end` in seconds and a `kind`; every kind but
`speech` is a stretch in which nobody speaks, and every word there is made up. Since the embedded
engine seldom makes up any, each such stretch is also played to it by itself, in pieces, and with
its own rule against silence switched off, as servers have none. Its answers are kept, so that a
second run takes seconds. A word that seems to last longer than two seconds is a spoken one that is
stretched over something else, and counts for neither. "flagged" is a word or segment that shares
time with a flag of any kind.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import decode_pcm
from audiopipe.audio.silence import FRAME_SAMPLES
from audiopipe.audio.vad import Detector, by_level, by_network, find_voice, in_file
from audiopipe.backends.local.transcribe import Local
from audiopipe.backends.local.whisper import Whisper
from audiopipe.backends.protocols import Upload
from audiopipe.limits.spending import Spending
from audiopipe.pipeline.intake import Part, pieces
from audiopipe.settings import ANSWERS, Settings, cache_folder
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.thresholds import Thresholds, thresholds_for
from audiopipe.stages.stitch import stitch
from audiopipe.stages.transcribe import transcribe
from audiopipe.store.answers import Store
from audiopipe.text.languages import NAMES
from audiopipe.text.words import LONGEST_WORD_S, normal_form
from audiopipe.values.audio import RATE_HZ, Chunk, Piece, Span
from audiopipe.values.requests import Request
from audiopipe.values.transcript import ChunkTranscript, Segment, Source, Transcript
from audiopipe.workflows.inputs.sniff import RECORDINGS

SPEECH = Path(__file__).parents[1] / "fixtures" / "recordings" / "reading.mp3"
PIECES_S = (30.0, 7.0)
WHOLE_S = 1e6
UNMEASURED = tuple(
    f"{name}=none" for name in ("min-avg-logprob", "max-no-speech-prob", "max-compression-ratio")
)
WAYS: dict[str, tuple[Detector | None, tuple[str, ...]]] = {
    "the network": (by_network, ()),
    "the network, from a model without measures": (by_network, UNMEASURED),
    "its level": (by_level, ()),
    "nobody": (None, ()),
}

Samples = NDArray[np.float32]


class Unguarded(Local):
    """The embedded engine without its ear, as servers have none: it hears all that there is, and
    keeps what it makes of it."""

    name = "local without an ear"

    def upload(self, request: Request) -> Upload:
        return replace(super().upload(request), planner=None)

    def _heard(
        self,
        model: Whisper,
        samples: Samples,
        request: Request,
        pieces: tuple[Piece, ...] | None,
    ) -> dict[str, Any]:
        from audiopipe.backends.local.hear import Question, hear
        from audiopipe.backends.local.phrases import segments
        from audiopipe.backends.local.windows import hearings

        languages = tuple(request.language.split(",")) if request.language else ()
        question = Question(request.task, languages, request.prompt, request.temperature)
        edges = np.linspace(0, len(samples), -(-len(samples) // (30 * RATE_HZ)) + 1).astype(int)
        all_ = [Piece(*pair, n) for n, pair in enumerate(pairwise(edges.tolist()))]
        parts = hear(model, samples, hearings(all_), question, _everything, None)
        return {"language": request.language, "segments": [r for p in parts for r in segments(p)]}


def _everything(samples: Samples) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """A detector for which all is voice."""
    voice = np.ones(len(samples) // FRAME_SAMPLES + 1, bool)
    return voice, voice, FRAME_SAMPLES / RATE_HZ


@dataclass(frozen=True, slots=True)
class Heard:
    """A chunk, and what the engine made of it."""

    chunk: Chunk
    result: ChunkTranscript


@dataclass(frozen=True, slots=True)
class Labels:
    """Where somebody speaks in a recording, and where nobody does."""

    speech: tuple[Span, ...]
    other: tuple[tuple[str, Span], ...]

    @classmethod
    def read(cls, path: Path) -> Labels:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        spans = [(row["kind"], Span(row["start"], row["end"])) for row in rows]
        return cls(
            tuple(span for kind, span in spans if kind == "speech"),
            tuple(pair for pair in spans if pair[0] != "speech"),
        )


@dataclass(frozen=True, slots=True)
class Score:
    """How many segments of speech there are, how many words are made up, and who is flagged."""

    spoken: int = 0
    spoken_flagged: int = 0
    made_up: int = 0
    made_up_flagged: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.spoken + other.spoken,
            self.spoken_flagged + other.spoken_flagged,
            self.made_up + other.made_up,
            self.made_up_flagged + other.made_up_flagged,
        )

    def row(self) -> str:
        return " | ".join(
            f"{whole} | {part} ({100 * part / whole:.1f} %)" if whole else "0 | 0"
            for whole, part in (
                (self.spoken, self.spoken_flagged),
                (self.made_up, self.made_up_flagged),
            )
        )


def main() -> None:
    arguments = _arguments()
    if arguments.folder:
        _accuracy(arguments)
    _speed()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=["*"], help="patterns of file names")
    parser.add_argument("--folder", type=Path, help="recordings and their labels")
    parser.add_argument("--model", default="base")
    parser.add_argument("--language", default="", help="else by the name, as in de_a.flac; or en")
    parser.add_argument("--ways", default="whole,unguarded,alone", help="some of these")
    parser.add_argument("--chunk-length", type=float, default=60.0)
    parser.add_argument("--overlap", type=float, default=5.0)
    parser.add_argument("--cache-dir", default="", help="where answers are kept")
    return parser.parse_args()


def _accuracy(arguments: argparse.Namespace) -> None:
    common = Settings(
        model=arguments.model,
        chunk_length_s=arguments.chunk_length,
        overlap_s=arguments.overlap,
        cache_dir=arguments.cache_dir,
    )
    found = {path for name in arguments.names for path in arguments.folder.glob(name)}
    paths = sorted(path for path in found if path.suffix in RECORDINGS and _labels(path).exists())
    with (
        Local() as engine,
        Unguarded() as unguarded,
        Store(cache_folder(common, os.environ) / ANSWERS) as store,
    ):
        print("| recording | voice by | spoken segments | flagged | made-up words | flagged |")
        print("|---|---|---|---|---|---|", flush=True)
        for path in paths:
            labels = Labels.read(_labels(path))
            settings = replace(common, language=arguments.language or _language(path))
            if "whole" in arguments.ways:
                _table(path.stem, [list(_heard(path, settings, engine, store))], labels, settings)
            if labels.other and "unguarded" in arguments.ways:
                again = [list(_heard(path, settings, unguarded, store))]
                _table(f"{path.stem}, unguarded", again, labels, settings)
            if labels.other and "alone" in arguments.ways:
                alone = list(_alone(path, settings, unguarded, store, labels))
                _table(f"{path.stem}, only where nobody speaks", alone, None, settings)


def _language(path: Path) -> str:
    begun, _, _ = path.stem.partition("_")
    return begun if begun in NAMES else "en"


def _labels(path: Path) -> Path:
    return path.with_suffix(".segments.jsonl")


def _heard(source: Any, settings: Settings, engine: Local, store: Store) -> Iterator[Heard]:
    request = engine.accept(Request("transcribe", settings.model, settings.language))
    for piece in pieces([source], engine.upload(request), settings):
        if isinstance(piece, Part):
            assert isinstance(piece.audio, Chunk)
            result = transcribe(
                piece.audio,
                request,
                engine,
                store=store,
                spending=Spending(),
                pause=lambda _s, _w: None,
            )
            yield Heard(piece.audio, result)
            print(f"{piece.name}: {piece.audio.window.span}"[:78], end="\r", file=sys.stderr)
        elif piece.error:
            raise piece.error


def _alone(
    path: Path, settings: Settings, engine: Local, store: Store, labels: Labels
) -> Iterator[list[Heard]]:
    """Each stretch in which nobody speaks, as recordings of their own."""
    whole = replace(settings, chunk_length_s=WHOLE_S)
    parts = [
        piece.audio
        for piece in pieces([path], engine.upload(engine.accept(Request("transcribe", ""))), whole)
        if isinstance(piece, Part) and isinstance(piece.audio, Chunk)
    ]
    samples = decode_pcm(parts[0].data, parts[0].format)
    for length_s in PIECES_S:
        for _, span in labels.other:
            for start_s in np.arange(span.start_s, span.end_s - 1, length_s):
                end_s = min(start_s + length_s, span.end_s)
                cut = samples[int(start_s * RATE_HZ) : int(end_s * RATE_HZ)]
                yield list(_heard((cut, RATE_HZ), settings, engine, store))


def _table(
    name: str, recordings: Sequence[Sequence[Heard]], labels: Labels | None, settings: Settings
) -> None:
    """A row for each way to find voices; on stderr the kinds of flags."""
    for way, (detect, limits) in WAYS.items():
        score, kinds = Score(), Counter[str]()
        for heard in recordings:
            transcript = _flagged(heard, detect, thresholds_for(settings.model, limits))
            score += _score(transcript, labels)
            kinds.update(each.kind for each in transcript.flags)
        print(f"| {name} | {way} | {score.row()} |", flush=True)
        print(f"  {name}, {way}: {dict(kinds)}", file=sys.stderr)


def _flagged(heard: Iterable[Heard], detect: Detector | None, thresholds: Thresholds) -> Transcript:
    results = []
    for each in heard:
        samples = decode_pcm(each.chunk.data, each.chunk.format)
        voice = in_file(find_voice(samples, detect), each.chunk.window) if detect else None
        results.append(flag(each.result, thresholds=thresholds, voice=voice))
    end_s = max(result.window.core.end_s for result in results)
    return stitch(results, Source("", "", end_s), Request("transcribe", "base"), "local")


def _score(transcript: Transcript, labels: Labels | None) -> Score:
    """Of a recording without labels everything is made up."""
    score = Score()
    other = [span for _, span in labels.other] if labels else [Span(0, transcript.duration_s)]
    for segment in transcript.segments:
        speech_s = sum(map(segment.span.overlap_s, labels.speech)) if labels else 0.0
        if speech_s > sum(map(segment.span.overlap_s, other)):
            score += Score(1, any(_touch(each.span, segment.span) for each in transcript.flags))
        for span in _words(segment):
            if span.duration_s <= 2 * LONGEST_WORD_S and any(o.holds(span) for o in other):
                score += Score(0, 0, 1, any(_touch(each.span, span) for each in transcript.flags))
    return score


def _words(segment: Segment) -> list[Span]:
    return [word.span for word in segment.words if normal_form(word.text)]


def _touch(flagged: Span, span: Span) -> bool:
    return flagged.holds(span) or flagged.overlap_s(span) > 0


def _speed() -> None:
    """How fast voices are found, on ten minutes of speech."""
    upload = Upload(("pcm",), 10**9)
    (part, _) = pieces([SPEECH], upload, Settings())
    assert isinstance(part, Part)
    assert isinstance(part.audio, Chunk)
    samples = np.tile(decode_pcm(part.audio.data, part.audio.format), 10)
    for detect in (by_network, by_level):
        start_s = time.process_time()
        find_voice(samples, detect)
        times = len(samples) / RATE_HZ / (time.process_time() - start_s)
        print(f"{detect.__name__}: {times:.0f} times real time on one core")


if __name__ == "__main__":
    main()
