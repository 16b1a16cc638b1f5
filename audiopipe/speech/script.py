"""A text as the lines in which it is spoken, each within what one request may carry."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
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
        speaker: whose words they are; "" where nobody is named.
    """

    text: str
    is_heading: bool = False
    pause: float = _PARAGRAPH
    start_s: float | None = None
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What is spoken at once.

    Attributes:
        text: speakable, without markup, on one line.
        pause: silence behind it, where 1 is that between two paragraphs.
        chapter: title of the chapter that begins with it; "" if none does.
        start_s: that of the paragraph which begins with it, if any.
        speaker: whose words they are; "" where nobody is named.
        ends_turn: whether somebody else speaks next.
    """

    text: str
    pause: float
    chapter: str = ""
    start_s: float | None = None
    speaker: str = ""
    ends_turn: bool = False


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
        if lines and paragraph.is_heading:
            lines[-1] = replace(lines[-1], pause=_CHAPTER)
        elif lines and lines[-1].speaker != paragraph.speaker:
            lines[-1] = replace(lines[-1], ends_turn=True)
        chapter = " ".join(paragraph.text.split()) if paragraph.is_heading else ""
        first, *rest = (Line(*piece, speaker=paragraph.speaker) for piece in pieces)
        lines += [replace(first, chapter=chapter, start_s=paragraph.start_s), *rest]
        lines[-1] = replace(lines[-1], pause=paragraph.pause)
    return tuple(lines)


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a text.

    Markdown is understood: headings are spoken and begin chapters; list items and table rows are
    paragraphs; of links the text is spoken, of images what stands for them. Left out are code
    blocks, tags, comments, scripts and styles, notes with their marks, and what stands at the
    beginning between lines of `---` (front matter). Plain text is Markdown too, indented or not.
    Where most paragraphs begin with a name, as `**Ann:** ...`, it tells who speaks them.

    Args:
        text: plain text or Markdown.
    """
    mark, cells, is_note, speaker = "", [], False, ""
    tokens = _parser().parse(_MATHS.sub(r"\1", _UNSPOKEN.sub(" ", _TOML.sub("", text))))
    names = _speakers(tokens)
    for token in tokens:
        if token.type in ("footnote_block_open", "footnote_block_close"):
            is_note = token.type == "footnote_block_open"
        elif is_note:
            continue
        elif token.type == "list_item_open":
            mark = f"{token.info}. " if token.info else ""
        elif token.type == "inline":
            named = _label(token) if names else ""
            speaker = named or speaker
            said = "".join(map(_spoken_of, _parts(token)[_LABEL if named else 0 :]))
            cells.append(said.lstrip(": ") if named else _TASK.sub("", said))
        elif token.type in ("paragraph_close", "heading_close", "tr_close"):
            is_heading = token.type == "heading_close"
            speaker = "" if is_heading else speaker
            yield Paragraph(mark + ", ".join(cells), is_heading, speaker=speaker)
            mark, cells = "", []


_FEWEST_SPEAKERS, _LEAST_LABELLED = 2, 0.5
"""What is bold at the beginning of paragraphs names speakers where so many, in such a share of
them, are named: one `**Note:**` is none."""


def _speakers(tokens: Sequence[Token]) -> set[str]:
    """Who is named at the beginning of paragraphs, as `**Ann:** ...`; nobody where that is rare."""
    said = [
        token
        for before, token in pairwise(tokens)
        if token.type == "inline" and before.type == "paragraph_open"
    ]
    labels = [label for label in map(_label, said) if label]
    names = set(labels)
    is_dialogue = len(labels) >= _LEAST_LABELLED * len(said)
    return names if len(names) >= _FEWEST_SPEAKERS and is_dialogue else set()


def _label(token: Token) -> str:
    """The name in bold before a colon with which a paragraph begins; "" without one."""
    start = _parts(token)
    if [each.type for each in start[:_LABEL]] != ["strong_open", "text", "strong_close"]:
        return ""
    name, after = start[1].content, "".join(each.content for each in start[_LABEL : _LABEL + 1])
    is_named = name.rstrip().endswith(":") or after.startswith(":")
    return name.strip().rstrip(":").strip() if is_named else ""


_LABEL = 3
"""Parts of a name in bold: its beginning, the name, its end."""


def _parts(token: Token) -> list[Token]:
    return [each for each in token.children or () if each.type != "text" or each.content]


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.front_matter import front_matter_plugin

    # without indented code and blocks of HTML, which plain text would be taken for
    parser = (
        MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["code", "html_block"])
    )
    return parser.use(front_matter_plugin).use(footnote_plugin)


_UNSPOKEN = re.compile(r"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TOML = re.compile(r"\A\ufeff?\+\+\+\r?\n.*?\n\+\+\+\r?(?:\n|\Z)", re.DOTALL)
"""Front matter of Hugo and others."""
_MATHS = re.compile(r"(?<![\w$])\$(?=[^\s\d$])([^$\n]{1,200}?)(?<=\S)\$(?![\w$])")
_TASK = re.compile(r"\A\[[ xX]\]\s")
_WITHIN = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike"
    r"|strong|sub|sup|time|tt|u|var|wbr)\b",
    re.IGNORECASE,
)
"""Tags that may stand within a word; words do not touch across any other."""


def _spoken_of(token: Token) -> str:
    if token.type == "html_inline":
        return "" if _WITHIN.match(token.content) else " "
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
