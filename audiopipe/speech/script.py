"""A text as the lines in which it is spoken, each within what one request may carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from audiopipe.speech.normalize import is_silent, speakable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_CLAUSE, _SENTENCE, _PARAGRAPH, _CHAPTER = 0.3, 0.6, 1.0, 2.0

_BREAK = re.compile(r"(?<=[,;:—–])\s+")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is spoken from one set pause to the next.

    Attributes:
        text: without markup.
        is_heading: whether a chapter begins with it.
        pause: silence behind it, where 1 is that between two paragraphs; there is more before a
            heading.
        start_s: when it is spoken at the earliest, in seconds of the spoken file; None for as soon
            as what is before it has ended.
    """

    text: str
    is_heading: bool = False
    pause: float = _PARAGRAPH
    start_s: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What is spoken at once.

    Attributes:
        text: speakable, without markup, on one line.
        pause: silence behind it, where 1 is that between two paragraphs.
        chapter: title of the chapter that begins with it; "" if none does.
        start_s: that of the paragraph which begins with it, if any.
    """

    text: str
    pause: float
    chapter: str = ""
    start_s: float | None = None


def script(
    text: str | Iterable[Paragraph], *, language: str | None, most_characters: int
) -> tuple[Line, ...]:
    """The lines of a text, in order. No line crosses a paragraph.

    Args:
        text: paragraphs, or plain text or Markdown as `paragraphs` takes it.
        language: ISO 639-1 code; None where nobody knows.
        most_characters: of a line, >= 1. A longer sentence is cut behind a clause, else between
            words, else anywhere.
    """
    lines: list[Line] = []
    for paragraph in paragraphs(text) if isinstance(text, str) else text:
        spoken = _ended(speakable(paragraph.text, language))
        pieces = [
            each for each in _cut(spoken, language, most_characters) if not is_silent(each[0])
        ]
        if not pieces:
            continue
        if paragraph.is_heading and lines:
            lines[-1] = replace(lines[-1], pause=_CHAPTER)
        chapter = " ".join(paragraph.text.split()) if paragraph.is_heading else ""
        first, *rest = (Line(*piece) for piece in pieces)
        lines += [replace(first, chapter=chapter, start_s=paragraph.start_s), *rest]
        lines[-1] = replace(lines[-1], pause=paragraph.pause)
    return tuple(lines)


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a text.

    Markdown is understood: headings are spoken and begin chapters; list items and table rows are
    paragraphs; of links the text is spoken, of images what stands for them. Left out are code
    blocks, tags, comments, scripts and styles, notes with their marks, and what stands at the
    beginning between lines of `---` (front matter). Plain text is Markdown too, indented or not.

    Args:
        text: plain text or Markdown.
    """
    mark, cells, is_note = "", [], False
    for token in _parser().parse(_UNSPOKEN.sub(" ", text)):
        if token.type in ("footnote_block_open", "footnote_block_close"):
            is_note = token.type == "footnote_block_open"
        elif is_note:
            continue
        elif token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else ""
        elif token.type == "inline":
            cells.append("".join(_spoken_of(child) for child in token.children or ()))
        elif token.type in ("paragraph_close", "heading_close", "tr_close"):
            yield Paragraph(mark + ", ".join(cells), token.type == "heading_close")
            mark, cells = "", []


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    # without indented code and blocks of HTML, which plain text would be taken for
    parser = MarkdownIt("commonmark").enable("table").disable(["code", "html_block"])
    return parser.use(front_matter_plugin).use(footnote_plugin)


_UNSPOKEN = re.compile(r"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_APART = re.compile(r"</?(?:br|p|div|li|ul|ol|td|th|tr|h[1-6]|hr|blockquote)\b", re.IGNORECASE)
"""Tags between which words do not touch."""


def _spoken_of(token: Token) -> str:
    if token.type == "html_inline":
        return " " if _APART.match(token.content) else ""
    if token.type in ("footnote_ref", "footnote_anchor"):
        return ""
    return " " if token.type.endswith("break") else token.content


def _ended(text: str) -> str:
    """With a full stop where nothing ends it: voices lower their tone there."""
    return f"{text}." if text[-1:].isalnum() else text


def _cut(text: str, language: str | None, most: int) -> Iterator[tuple[str, float]]:
    """Runs of whole sentences, as long as may be, and the pause behind each."""
    import sentencex

    held = ""
    for sentence in sentencex.segment(language or "en", text):
        if len(held + sentence.rstrip()) > most:
            yield held.strip(), _SENTENCE
            held = ""
        while len(sentence.rstrip()) > most:
            at = _cut_at(sentence, most)
            yield sentence[:at].strip(), _CLAUSE
            sentence = sentence[at:].lstrip()
        held += sentence
    yield held.strip(), _PARAGRAPH


def _cut_at(sentence: str, most: int) -> int:
    """Behind the last clause that fits, unless little would be left before it; else a word."""
    clauses = [found.start() for found in _BREAK.finditer(sentence, most // 2, most + 1)]
    words = sentence.rfind(" ", 1, most + 1)
    return clauses[-1] if clauses else words if words > 0 else most
