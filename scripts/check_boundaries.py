"""Cuts of subtitles beside the boundaries of a JavaScript engine's ICU, on many random texts.

Texts are made of the words of fixtures/boundaries.tsv in any order, timed in pieces that pay no
heed to words, and rendered at many widths. Needs `node`.

python scripts/check_boundaries.py --texts 3000
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from audiopipe.render.cues import cues
from audiopipe.settings import SubtitleSettings
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word

TABLE = Path(__file__).parents[1] / "fixtures" / "boundaries.tsv"

_PEER = """
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n").map(JSON.parse);
for (const [language, text] of lines) {
  const cut = (granularity) =>
    [...new Intl.Segmenter(language, { granularity }).segment(text)].map((s) => s.segment);
  console.log(JSON.stringify([cut("word"), cut("grapheme")]));
}
"""


def texts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Languages and random texts of up to sixty of its words."""
    pick = random.Random(seed)
    table = [row.split("\t")[:2] for row in TABLE.read_text("utf-8").splitlines()]
    for _ in range(count):
        language, words = pick.choice(table)
        said = "".join(pick.choices(words.split("|"), k=pick.randint(5, 60)))
        yield language, " ".join(said.split())


def transcript(language: str, text: str, pick: random.Random) -> Transcript:
    """The text in segments and words that are cut anywhere."""
    segments, at = [], 0
    while at < len(text):
        part = text[at : at + pick.randint(8, 60)]
        size = pick.choice((0, 1, 2, 5))
        words = tuple(
            Word(Span((at + n) * 0.1, (at + min(n + size, len(part))) * 0.1), part[n : n + size])
            for n in (range(0, len(part), size) if size else ())
        )
        span = Span(at * 0.1, (at + len(part)) * 0.1)
        segments.append(Segment(span, part, words))
        at += len(part)
    whole = Source("a.wav", "", len(text) * 0.1)
    return Transcript(whole, "transcribe", language, tuple(segments))


def edges(pieces: list[str]) -> set[int]:
    """Where pieces end, in characters that are no spaces."""
    return set(accumulate(len("".join(piece.split())) for piece in pieces))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    made = list(texts(asked.texts, asked.seed))
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in made)
    peer = subprocess.run(
        ["node", "-e", _PEER], input=lines, capture_output=True, text=True, check=True
    )
    pick = random.Random(asked.seed)
    cuts = in_words = in_clusters = 0
    for (language, text), found in zip(made, peer.stdout.splitlines(), strict=True):
        words, clusters = map(edges, json.loads(found))
        for width in (1, 6, 13, 20, 42):
            settings = SubtitleSettings(max_line_width=width, max_line_count=pick.choice((1, 2, 3)))
            shown = cues(transcript(language, text, pick), settings)
            placed = edges([line for cue in shown for line in cue.lines])
            cuts += len(placed)
            in_words += len(placed - words)
            in_clusters += len(placed - clusters)
    print(f"{asked.texts} texts: {cuts} cuts, {in_words} in words, {in_clusters} in clusters")


if __name__ == "__main__":
    main()
