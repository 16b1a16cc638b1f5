"""Tokens: what chunks heard, word by word where a seam is near."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audiopipe.text.words import Heard, normal_form, shared_out
from audiopipe.values.transcript import ChunkTranscript, Segment, Word


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a character in a script without spaces; or, far from any seam, a whole segment.

    Attributes:
        chunk: who heard it.
        place: its segment in the chunk and its word in the segment; word -1 is all of them.
        text: as it stands in the segment's text.
        heard: how it is compared.
        word: the word it belongs to; None in a segment without word times.
    """

    chunk: ChunkTranscript
    place: tuple[int, int]
    text: str
    heard: Heard
    word: Word | None = None

    @property
    def segment(self) -> Segment:
        return self.chunk.segments[self.place[0]]


def segments_of(chunk: ChunkTranscript) -> list[Token]:
    """The chunk's segments, each whole: `join` cuts those that a seam comes near into words."""
    return [
        Token(chunk, (n, -1), segment.text, Heard("", segment.span))
        for n, segment in enumerate(chunk.segments)
    ]


def words_of(token: Token) -> Iterator[Token]:
    """The words of a whole segment, timed by their share of its text if it has no word times."""
    if token.place[1] >= 0:
        yield token
        return
    segment = token.segment
    for n, word in enumerate(segment.words or shared_out(segment.text, segment.span)):
        for part in shared_out(word.text, word.span):
            heard = Heard(normal_form(part.text), part.span)
            place = (token.place[0], n)
            yield Token(token.chunk, place, part.text, heard, word if segment.words else None)


def first_that(tokens: Sequence[Token], fits: Callable[[Token], bool]) -> int:
    """The place of the first token that fits, or after the last one."""
    return next((n for n, token in enumerate(tokens) if fits(token)), len(tokens))
