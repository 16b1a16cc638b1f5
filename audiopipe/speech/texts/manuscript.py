"""What is spoken, and what its file says of it."""

from __future__ import annotations

from dataclasses import dataclass

from audiopipe.speech.script import Paragraph


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A text to speak.

    Attributes:
        paragraphs: in order.
        title, author, year: as the file has them; "" where it does not.
        language: ISO 639-1 code; None where it does not say.
        cover: a picture, JPEG or PNG; b"" for none.
    """

    paragraphs: tuple[Paragraph, ...]
    title: str = ""
    author: str = ""
    year: str = ""
    language: str | None = None
    cover: bytes = b""
