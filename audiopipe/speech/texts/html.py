"""HTML as it is read aloud: blocks are paragraphs, headings begin chapters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree, html

from audiopipe.speech.script import Paragraph
from audiopipe.speech.texts.manuscript import Manuscript
from audiopipe.text.languages import code_of

_DROPPED = frozenset(
    "head script style noscript template nav svg math iframe object embed audio video canvas form "
    "button select textarea rt rp".split()
)
_INLINE = frozenset(
    "a abbr b bdi bdo br cite code data del dfn em font i img ins kbd label mark q ruby rb s "
    "samp small span strike strong sub sup time tt u var wbr".split()
)
"""Elements that stand in a line; what touches any other does not touch the text around it."""

_NOTE = re.compile(r"\b(noteref|footnotes?|endnotes?|rearnotes?|pagebreak|doc-noteref)\b")
_UNSEEN = re.compile(r"\bdisplay\s*:\s*none\b|\bvisibility\s*:\s*hidden\b", re.IGNORECASE)
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*["']?([\w-]+)""", re.IGNORECASE)


def manuscript(data: bytes) -> Manuscript:
    """Of a page. Menus, forms, scripts, styles and notes are left out."""
    root = parsed(data)
    title = root.find(".//title")
    author = root.find(".//meta[@name='author']")
    return Manuscript(
        tuple(paragraphs(root)),
        _plain(title.text_content()) if title is not None else "",
        str(author.get("content") or "") if author is not None else "",
        language=code_of(str(root.get("lang") or "").split("-")[0]),
    )


def parsed(data: bytes) -> Any:
    """The page's root, whatever its encoding; nothing outside of it is looked at."""
    text = decoded(data)
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    try:
        return html.document_fromstring(text or "<p></p>", parser=parser)
    except (etree.ParserError, ValueError):
        return html.document_fromstring("<p></p>")


def decoded(data: bytes) -> str:
    """The text of a page: by its mark, as it declares, as UTF-8, or Windows' western letters."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    declared = _DECLARED.search(data[:2048])
    names = ("utf-8-sig", declared[1].decode("ascii") if declared else "cp1252", "cp1252")
    for name in names:
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


def paragraphs(root: Any) -> Iterator[Paragraph]:
    """What is spoken of an element, in order."""
    return (paragraph for paragraph, _ in anchored(root))


def anchored(root: Any) -> Iterator[tuple[Paragraph, list[str]]]:
    """What is spoken of an element, each with the names of places that lead to it."""
    held: list[str] = []
    names: list[str] = []
    depth = 0  # of headings that are open
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = element.tag if isinstance(element.tag, str) else ""
        name = name.rpartition("}")[2].lower()
        if event == "start" and _is_left_out(element, name):
            walk.skip_subtree()
            continue
        if event == "end" and _is_left_out(element, name):
            held.append(element.tail or "")
            continue
        is_block, is_heading = name not in _INLINE, bool(re.fullmatch("h[1-6]", name))
        if is_block:
            if text := _plain("".join(held)):
                yield Paragraph(text, is_heading=depth > 0), names
                names = []
            held.clear()
        depth += (1 if event == "start" else -1) * is_heading
        if event == "start":
            places = (element.get("id"), element.get("name") if name == "a" else None)
            names += filter(None, places)
            alone = {"br": " ", "img": f" {element.get('alt') or ''} "}
            held.append(alone.get(name) or element.text or "")
        else:
            held.append(element.tail or "")
    if text := _plain("".join(held)):
        yield Paragraph(text), names


def _is_left_out(element: Any, name: str) -> bool:
    if name in _DROPPED or element.get("hidden") is not None:
        return True
    if _UNSEEN.search(element.get("style") or ""):
        return True
    told = (element.get("epub:type"), element.get("role"), element.get("aria-hidden"))
    kinds = " ".join(filter(None, told))
    return bool(_NOTE.search(kinds)) or element.get("aria-hidden") == "true"


def _plain(text: str) -> str:
    return " ".join(text.split())
