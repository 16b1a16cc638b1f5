"""What is spoken, and what its file says of it."""

from __future__ import annotations

from dataclasses import dataclass

from audiopipe.speech.script import Paragraph
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A text to speak.

    Attributes:
        paragraphs: in order.
        title, author, year: as the file has them; "" where it does not.
        language: ISO 639-1 code; None where it does not say.
        cover: a picture, JPEG or PNG; b"" for none.
        missing: pages that the file names and has not.
    """

    paragraphs: tuple[Paragraph, ...]
    title: str = ""
    author: str = ""
    year: str = ""
    language: str | None = None
    cover: bytes = b""
    missing: tuple[str, ...] = ()

    def transcript(self, name: str) -> Transcript:
        """The text as if somebody had said it, a paragraph a second: what jobs are done on."""
        said = [each for each in self.paragraphs if each.text.strip()]
        segments = tuple(
            Segment(Span(at, at + 1), f" {each.text}", speaker=each.speaker or None)
            for at, each in enumerate(said)
        )
        source = Source(name, "", float(len(said)))
        return Transcript(source, "transcribe", self.language, segments)
