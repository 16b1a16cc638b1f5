"""Scores the stitcher beside its rivals, measures its speed, and prints Markdown tables.

python scripts/bench_accuracy.py --folder DIR            each X.ext with its spoken text in X.txt
python scripts/bench_accuracy.py --folder DIR 'en_*'     only those that match
python scripts/bench_accuracy.py                         the speed alone, on made words

The embedded engine hears each recording as a whole, and in chunks that overlap, as those of
providers do; its answers are kept, so that another run takes seconds. Chunks are flagged as they
are in every run. In chunks: as a command has the engine hear them, which are cut between its
windows; repaired: what a command writes, which asks again for what is flagged; by default: in
chunks of ten minutes, too. Beside it stands faster-whisper's batched mode, with the same weights
and the same language setting: both guess it unless `--language` tells them. Texts are compared in
the form of whisper_normalizer's rules, English ones where English is heard; in other languages
numbers are spelt out first, as the English rules do. `--results FILE` keeps a line of JSON for each
recording, so that a run that was stopped goes on: ours from the answers that are kept, and the
rival's text from there.

Recordings in a folder of DIR that is named `chosen` are those on which rules were chosen; all
others only check them, and are added up apart (`make_hard_recordings.py` makes both).

WER: word error rate in percent, and how much more that is than of the whole, heard at once.
at seams: the part of that difference that lies within a second of the overlaps; the rest is where
one chunk alone listened, and no way of joining can change it.
doubled, dropped, misheard: words at 100 seams. Doubled ones stand there more often than they were
spoken or heard by either chunk; dropped ones were heard by a chunk, and nothing stands in their
place; misheard ones were heard by a chunk, and the other's mistake stands in their place.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from operator import eq
from pathlib import Path
from statistics import fmean

import jiwer
import numpy as np
from faster_whisper import BatchedInferencePipeline, WhisperModel
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

from audiopipe import transcribe as transcribe_one
from audiopipe.backends.local.transcribe import Local
from audiopipe.backends.local.weights import bundled
from audiopipe.backends.protocols import Transcriber, Upload
from audiopipe.limits.spending import Spending
from audiopipe.pipeline.intake import Part, pieces
from audiopipe.settings import ANSWERS, Settings, cache_folder
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.listen import listen
from audiopipe.stages.flag.thresholds import thresholds_for
from audiopipe.stages.stitch import stitch
from audiopipe.stages.stitch.align import align
from audiopipe.stages.transcribe import transcribe
from audiopipe.store.answers import Store
from audiopipe.text.languages import spoken_languages
from audiopipe.text.messages import spelled
from audiopipe.text.words import Heard, normal_form
from audiopipe.values.audio import Chunk, Span, Window
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript, Segment, Source, Transcript, Word

WHOLE_S = 1e6
NEAR_S = 1.0
"""How far outside an overlap a word is still at the seam."""

Chunks = Sequence[ChunkTranscript]

_HEADER = """\
| recording | way | WER | more than whole | at seams | doubled | dropped | misheard |
|---|---|---|---|---|---|---|---|"""


def main() -> None:
    arguments = _arguments()
    if arguments.folder:
        _accuracy(arguments)
    _speed(arguments.hours)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", default=["*"], help="patterns of file names")
    parser.add_argument("--folder", type=Path, help="recordings, each beside a text")
    parser.add_argument("--language", default="", help="told to both; else guessed")
    parser.add_argument("--chunk-length", type=float, default=60.0)
    parser.add_argument("--overlap", type=float, default=5.0)
    parser.add_argument("--cache-dir", default="", help="where answers are kept")
    parser.add_argument("--threads", type=int, default=0, help="of a decoding; 0: one a core")
    parser.add_argument("--results", type=Path, help="kept here, for a run that goes on")
    parser.add_argument("--hours", type=int, nargs="*", default=[10, 50, 100], help="of the speed")
    return parser.parse_args()


# --- accuracy -------------------------------------------------------------------------------------


def _accuracy(arguments: argparse.Namespace) -> None:
    settings = Settings(
        model="base",
        language=arguments.language,
        chunk_length_s=arguments.chunk_length,
        overlap_s=arguments.overlap,
        cache_dir=arguments.cache_dir,
    )
    default = replace(
        settings, chunk_length_s=Settings().chunk_length_s, overlap_s=Settings().overlap_s
    )
    found = {path for name in arguments.names for path in arguments.folder.rglob(name)}
    paths = sorted(p for p in found if p.suffix != ".txt" and p.with_suffix(".txt").exists())
    known = dict(_known(arguments.results))
    rows: list[Row] = []
    notes: list[str] = []
    print(_HEADER)
    threads = arguments.threads
    with (
        Local(threads=threads) as engine,
        Store(cache_folder(settings, os.environ) / ANSWERS) as store,
    ):
        place = str(bundled("base", engine.models_dir))
        model = WhisperModel(place, "cpu", compute_type="int8", cpu_threads=threads)
        rival = BatchedInferencePipeline(model)
        for path in paths:
            case = _case(path, settings, engine, store)
            notes += case.disagreements(path.stem)
            texts = {name: way(case.chunks) for name, way in WAYS.items()}
            texts[_WHOLE] = case.at_once
            cut = replace(settings, repair=False)
            for name, how in ((_CUT, cut), (_REPAIRED, settings), (_DEFAULT, default)):
                texts[name] = transcribe_one(path, backend=engine, settings=how).text
            texts[_RIVAL] = known.get(path.stem) or _rival_text(path, rival, arguments.language)
            new = [
                Row(path.stem, _role(path), case.note, name, text, case.score(text))
                for name, text in texts.items()
            ]
            if path.stem not in known:
                _keep(arguments.results, new)
            for row in new:
                _print(f"{row.recording}, {row.note}", row.way, row.score)
            rows += new
    _sum_up(rows)
    print("", *(notes or ["No seam is flagged in what was heard now."]), sep="\n")


@dataclass(frozen=True, slots=True)
class Row:
    """What a way made of a recording."""

    recording: str
    role: str
    note: str
    way: str
    text: str
    score: Score


def _known(path: Path | None) -> Iterator[tuple[str, str]]:
    """What the rival heard in an earlier run, by recording."""
    for line in path.open(encoding="utf-8") if path and path.exists() else ():
        for row in json.loads(line):
            if row["way"] == _RIVAL:
                yield row["recording"], row["text"]


def _keep(path: Path | None, rows: Sequence[Row]) -> None:
    if path:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False) + "\n")


def _sum_up(rows: Sequence[Row]) -> None:
    scores: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for row in rows:
        scores[row.role, row.way].append(row.score)
    for (role, name), each in scores.items():
        _print(f"**all**, {role}, {len(each)}", name, Score.mean(each))
    for role in sorted({role for role, _ in scores}):
        for name, other in _COMPARED:
            most = _worst(scores[role, name], scores[role, other])
            print(f"\n{role}: the worst of {name} above {other}: {most:+.2f}")


def _role(path: Path) -> str:
    return "chosen on" if path.parent.name == "chosen" else "only checks"


def _rival_text(path: Path, rival: BatchedInferencePipeline, language: str) -> str:
    segments, _ = rival.transcribe(str(path), language=language or None, word_timestamps=True)
    return "".join(segment.text for segment in segments)


def _worst(ours: Sequence[Score], theirs: Sequence[Score]) -> float:
    return max(one.wer - other.wer for one, other in zip(ours, theirs, strict=True))


def _case(path: Path, settings: Settings, engine: Transcriber, store: Store) -> Case:
    upload = engine.upload(engine.accept(Request("transcribe", settings.model)))
    chunks = list(_heard(path, settings, replace(upload, planner=None), engine, store))
    at_once = replace(settings, chunk_length_s=WHOLE_S)
    whole = list(_heard(path, at_once, upload, engine, store))
    return Case.of(
        path.with_suffix(".txt").read_text("utf-8"), chunks, whole, settings.language or ""
    )


def _heard(
    path: Path, settings: Settings, upload: Upload, engine: Transcriber, store: Store
) -> Iterator[ChunkTranscript]:
    request = engine.accept(Request("transcribe", settings.model, settings.language))
    for piece in pieces([path], upload, settings):
        if isinstance(piece, Part):
            heard = transcribe(
                piece.audio,
                request,
                engine,
                store=store,
                spending=Spending(),
                pause=lambda *_: None,
            )
            assert isinstance(piece.audio, Chunk)
            voice = listen(piece.audio, store=store)
            yield flag(heard, thresholds=thresholds_for(request.model), voice=voice)
            print(".", end="", file=sys.stderr, flush=True)
        elif piece.error:
            raise piece.error


@dataclass(frozen=True, slots=True)
class Score:
    """How a way of joining did on one recording or on several; rates in percent."""

    wer: float
    more: float
    at_seams: float
    doubled: int
    dropped: int
    misheard: int
    seams: int

    @classmethod
    def mean(cls, scores: Sequence[Score]) -> Score:
        counts = [(each.doubled, each.dropped, each.misheard, each.seams) for each in scores]
        return cls(
            fmean(each.wer for each in scores),
            fmean(each.more for each in scores),
            fmean(each.at_seams for each in scores),
            *(sum(column) for column in zip(*counts, strict=True)),
        )


def _print(recording: str, way: str, score: Score) -> None:
    rates = f"{score.wer:.2f} | {score.more:+.2f} | {score.at_seams:+.2f}"
    per = 100 / max(1, score.seams)
    counts = (score.doubled, score.dropped, score.misheard)
    print(f"| {recording} | {way} | {rates} |", *(f"{n * per:.1f} |" for n in counts), flush=True)


@dataclass(frozen=True, slots=True)
class Result:
    """A text beside what was spoken: the places of equal words, and of errors."""

    norms: list[str]
    hits: dict[int, int]
    deleted: set[int]
    errors: Counter[int]

    @classmethod
    def of(cls, spoken: Sequence[str], norms: list[str]) -> Result:
        (alignment,) = jiwer.process_words(" ".join(spoken), " ".join(norms)).alignments
        hits: dict[int, int] = {}
        deleted: set[int] = set()
        errors: Counter[int] = Counter()
        for part in alignment:
            here = range(part.ref_start_idx, part.ref_end_idx)
            there = range(part.hyp_start_idx, part.hyp_end_idx)
            if part.type == "equal":
                hits.update(zip(here, there, strict=True))
            else:
                errors.update(here or [part.ref_start_idx] * len(there))
            if part.type == "delete":
                deleted.update(here)
        return cls(norms, hits, deleted, errors)

    def stretches(self, here: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
        """Words from the first to the last right one of some spoken words, and the wrong ones from
        where the first to where the last should be."""
        known = [n for n, i in enumerate(here) if i in self.hits]
        if not known:
            return Counter(), Counter()
        first, last = self.hits[here[known[0]]], self.hits[here[known[-1]]] + 1
        wide = self.norms[max(0, first - known[0]) : last + len(here) - 1 - known[-1]]
        right = Counter(self.norms[self.hits[here[n]]] for n in known)
        return Counter(self.norms[first:last]), Counter(wide) - right


@dataclass(frozen=True, slots=True)
class Case:
    """A recording: its words and roughly when they were spoken, which of them some chunk heard,
    what each chunk heard, and the whole at once."""

    spoken: list[Heard]
    heard: set[int]
    sides: list[list[Heard]]
    chunks: Chunks
    at_once: str
    whole: Result
    normal: Callable[[str], list[str]]

    @classmethod
    def of(cls, text: str, chunks: Chunks, whole: Chunks, told: str) -> Case:
        normal = partial(_normal, told or next(iter(spoken_languages(whole)), "en"))
        norms, at_once = normal(text), plain(whole)
        spoken = _timed(norms, _words(whole))
        sides = [_timed(normal(plain([chunk])), _words([chunk])) for chunk in chunks]
        heard = {i for n, side in enumerate(sides) for i in _understood(spoken, side, chunks[n])}
        return cls(spoken, heard, sides, chunks, at_once, Result.of(norms, normal(at_once)), normal)

    @property
    def note(self) -> str:
        wer = 100 * self.whole.errors.total() / len(self.spoken)
        return f"{len(self.chunks) - 1} seams, whole {wer:.2f}"

    def score(self, text: str) -> Score:
        norms = [each.norm for each in self.spoken]
        result = Result.of(norms, self.normal(text))
        more = result.errors.total() - self.whole.errors.total()
        doubled = dropped = misheard = at_seams = 0
        for (left, right), sides in zip(pairwise(self.chunks), pairwise(self.sides), strict=True):
            zone = _widened(Span(right.window.span.start_s, left.window.span.end_s))
            here = [i for i, each in enumerate(self.spoken) if zone.holds(each.span)]
            at_seams += sum(result.errors[i] - self.whole.errors[i] for i in here)
            got, wrong = result.stretches(here)
            most = Counter(norms[i] for i in here)
            for side in sides:
                most |= Counter(each.norm for each in side if _widened(zone).holds(each.span))
            missed = [i for i in here if i in self.heard and i not in result.hits]
            gone = Counter(norms[i] for i in missed if i in result.deleted) - wrong
            doubled += (got - most).total()
            dropped += gone.total()
            misheard += (Counter(norms[i] for i in missed) - wrong).total() - gone.total()
        percent = 100 / len(norms)
        wer = percent * result.errors.total()
        counts = (doubled, dropped, misheard, len(self.chunks) - 1)
        return Score(wer, percent * more, percent * at_seams, *counts)

    def disagreements(self, name: str) -> Iterator[str]:
        """Where the stitcher says that two chunks disagree, and what was spoken there."""
        for found in _stitched(self.chunks).flags:
            if found.kind == "seam-disagreement":
                spoken = " ".join(each.norm for each in self.spoken if found.span.holds(each.span))
                yield f"- {name}, {found.span.start_s:.0f} s: {found.detail} Spoken: “{spoken}”."


_ENGLISH, _ANY = EnglishTextNormalizer(), BasicTextNormalizer()


def _normal(language: str, text: str) -> list[str]:
    if language != "en":
        text = re.sub(r"\d+", lambda found: f" {spelled(int(found[0]), language)} ", text)
    normal: str = (_ENGLISH if language == "en" else _ANY)(text)
    return normal.split()


def _timed(norms: list[str], words: Sequence[Word]) -> list[Heard]:
    """Words of a normalised text with the times of their like; between those, interpolated."""
    known = [word for word in words if normal_form(word.text)]
    if not norms or not known:
        return [Heard(norm, Span(0.0, 0.0)) for norm in norms]
    hits = Result.of(norms, [normal_form(word.text) for word in known]).hits
    times_s = [known[j].span.middle_s for j in hits.values()]
    at_s = np.interp(np.arange(len(norms)), list(hits) or [0], times_s or [0.0])
    return [Heard(norm, Span(float(s), float(s))) for norm, s in zip(norms, at_s, strict=True)]


def _understood(
    spoken: Sequence[Heard], side: Sequence[Heard], chunk: ChunkTranscript
) -> Iterator[int]:
    near = _widened(chunk.window.span)
    here = [i for i, each in enumerate(spoken) if near.holds(each.span)]
    return (here[i] for i, _ in align([spoken[i] for i in here], side, 2 * NEAR_S))


def _widened(span: Span) -> Span:
    return Span(max(0.0, span.start_s - NEAR_S), span.end_s + NEAR_S)


# --- ways to join: ours, and the others from their descriptions -----------------------------------


def plain(chunks: Chunks) -> str:
    """Everything, one after the other."""
    return " ".join(segment.text for chunk in chunks for segment in chunk.segments)


def tutorial(chunks: Chunks) -> str:
    """The provider's tutorial: times stay those of the chunk, but are compared with file times.

    The segments of a chunk that end after the next one starts become one; the last segment of each
    chunk and the first of the next are slid together, and the first follows once more.
    """
    rows: list[list[str]] = []
    for chunk, after in zip(chunks, [*chunks[1:], None], strict=True):
        limit_s = after.window.span.start_s if after else float("inf")
        start_s = chunk.window.span.start_s
        early = [s.text for s in chunk.segments if s.span.end_s - start_s <= limit_s]
        late = [s.text for s in chunk.segments if s.span.end_s - start_s > limit_s]
        rows += [row] if (row := [*early, " ".join(late)] if late else early) else []
    texts: list[str] = []
    for row, after_row in pairwise(rows):
        texts += [*row[:-1], _slid_text(row[-1], after_row[0])]
    return " ".join([*texts, *(rows[-1] if rows else ())])


def slid(chunks: Chunks) -> str:
    """The tutorial's sliding, applied to the whole texts of the chunks."""
    texts = ["".join(segment.text for segment in chunk.segments) for chunk in chunks]
    joined: list[str] = []
    rest = _pieces(texts[0])
    for text in texts[1:]:
        right = _pieces(text)
        i, j = _slide(rest, right)
        joined += rest[:i]
        rest = right[j:]
    return "".join([*joined, *rest])


def in_window(chunks: Chunks) -> str:
    """The same sliding, kept to the words inside the overlap; the seam where nothing matches."""
    return _cut(chunks, _slide_in_window)


def midpoint(chunks: Chunks) -> str:
    """Words whose middle is before the seam from the left, the others from the right."""
    return _cut(chunks, _at_seam)


def _stitched(chunks: Chunks) -> Transcript:
    duration_s = chunks[-1].window.span.end_s
    return stitch(chunks, Source("", "", duration_s), Request("transcribe", ""), "local")


_OURS = "**audiopipe**, overlapping"
_CUT, _REPAIRED = "**audiopipe**, in chunks", "audiopipe, repaired"
_DEFAULT = "audiopipe, by default"
_WHOLE, _RIVAL = "audiopipe, the whole", "faster-whisper, batched"
_COMPARED = (
    (_OURS, _WHOLE),
    (_CUT, _WHOLE),
    (_REPAIRED, _CUT),
    (_REPAIRED, _DEFAULT),
    (_DEFAULT, _WHOLE),
    (_DEFAULT, _RIVAL),
)

WAYS: dict[str, Callable[[Chunks], str]] = {
    _OURS: lambda chunks: _stitched(chunks).text,
    "plain join": plain,
    "provider's tutorial": tutorial,
    "the tutorial's LCS of texts": slid,
    "LCS in window": in_window,
    "word midpoint": midpoint,
}


def _words(chunks: Chunks) -> list[Word]:
    return [word for chunk in chunks for segment in chunk.segments for word in segment.words]


def _pieces(text: str) -> list[str]:
    """Words with the space before them, and what lies between words, as the tutorial has it."""
    return [piece for piece in re.split(r"(\s+\w+)", text) if piece]


def _slid_text(left: str, right: str) -> str:
    ours, theirs = _pieces(left), _pieces(right)
    i, j = _slide(ours, theirs)
    return "".join([*ours[:i], *theirs[j:]])


def _slide(left: Sequence[str], right: Sequence[str]) -> tuple[int, int]:
    """Where to leave the left and enter the right, from sliding one over the other.

    The best shift has the largest share of equal pieces, at least two; a ten-thousandth a step
    favours long ones. Both are cut in the middle of what then overlaps.
    """
    best, cut = 0.0, (len(left), 0)
    for shift in range(1, len(left) + len(right) + 1):
        i, j = max(0, len(left) - shift), max(0, shift - len(left))
        length = min(len(left) - i, len(right) - j)
        same = sum(map(eq, left[i : i + length], right[j : j + length]))
        share = same / shift + shift / 10_000
        if same > 1 and share > best:
            best, cut = share, (i + length // 2, j + length // 2)
    return cut


Cut = Callable[[Sequence[Word], Sequence[Word], ChunkTranscript, ChunkTranscript], tuple[int, int]]


def _cut(chunks: Chunks, cut: Cut) -> str:
    """The words of all chunks, each left and the next entered where `cut` says."""
    rest, joined = _words(chunks[:1]), []
    for left, right in pairwise(chunks):
        theirs = _words([right])
        i, j = cut(rest, theirs, left, right)
        joined += rest[:i]
        rest = theirs[j:]
    return "".join(word.text for word in [*joined, *rest])


def _slide_in_window(
    ours: Sequence[Word], theirs: Sequence[Word], left: ChunkTranscript, right: ChunkTranscript
) -> tuple[int, int]:
    first = sum(word.span.middle_s < right.window.span.start_s for word in ours)
    last = sum(word.span.middle_s <= left.window.span.end_s for word in theirs)
    heard = [normal_form(word.text) for word in ours[first:]]
    i, j = _slide(heard, [normal_form(word.text) for word in theirs[:last]])
    return (first + i, j) if (i, j) != (len(heard), 0) else _at_seam(ours, theirs, left, right)


def _at_seam(
    ours: Sequence[Word], theirs: Sequence[Word], _left: ChunkTranscript, right: ChunkTranscript
) -> tuple[int, int]:
    seam_s = right.window.core.start_s
    return (
        sum(word.span.middle_s < seam_s for word in ours),
        sum(word.span.middle_s < seam_s for word in theirs),
    )


# --- speed ----------------------------------------------------------------------------------------


def _speed(hours: Sequence[int]) -> None:
    print("| recording | words | stitched in | words a second |")
    print("|---|---|---|---|")
    for each in hours:
        chunks = [*_made(each * 3600)]
        start_s = time.perf_counter()
        words = len(_stitched(chunks).words)
        took_s = time.perf_counter() - start_s
        print(f"| {each} h | {words:,} | {took_s:.1f} s | {words / took_s:,.0f} |", flush=True)


def _made(
    duration_s: float, length_s: float = 60.0, overlap_s: float = 5.0
) -> Iterator[ChunkTranscript]:
    """Chunks of made words, 2.5 a second as in speech, heard with times that jitter."""
    rng = random.Random(0)
    step_s = length_s - overlap_s
    for index in range(int((duration_s - overlap_s) / step_s)):
        span = Span(index * step_s, index * step_s + length_s)
        core = Span(span.start_s + overlap_s / 2, span.end_s - overlap_s / 2)
        words = []
        for n in range(round(span.start_s * 2.5), round(span.end_s * 2.5)):
            at_s = n / 2.5 + rng.uniform(0, 0.1)
            words.append(Word(Span(at_s, at_s + 0.3), f" word{n * 7919 % 1000}", 0.9))
        phrases = [tuple(words[n : n + 10]) for n in range(0, len(words), 10)]
        segments = tuple(
            Segment(
                Span(phrase[0].span.start_s, phrase[-1].span.end_s),
                "".join(word.text for word in phrase),
                phrase,
            )
            for phrase in phrases
        )
        yield ChunkTranscript(Window(index, (span,), core), "en", segments, Usage())


if __name__ == "__main__":
    main()
