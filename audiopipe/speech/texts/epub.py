"""EPUB 2 and 3: a zip of pages, their order, and a table of contents."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from audiopipe.errors import InputError
from audiopipe.speech.script import Paragraph
from audiopipe.speech.texts.html import anchored, parsed
from audiopipe.speech.texts.manuscript import Manuscript
from audiopipe.text.languages import code_of

_MOST_BYTES = 64 << 20
"""Of one page or picture, unpacked."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A file of the book."""

    path: str
    media_type: str
    properties: str


def manuscript(data: bytes, name: str) -> Manuscript:
    """Of a book: its pages in order, with a chapter for each entry of its table of contents.

    Raises:
        InputError: it is no EPUB, or its pages are encrypted.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return _Book(book).manuscript()
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError, NotImplementedError) as error:
        raise InputError(f"{name} is no EPUB that can be read: {error}") from error
    except RuntimeError as error:
        raise InputError(f"{name}: its pages are encrypted: {error}") from error


class _Book:
    """An open book."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._book = book
        rootfile = _first(self._xml("META-INF/container.xml"), "rootfile")
        self._opf = str(rootfile.get("full-path"))
        self._package = self._xml(self._opf)
        self._items = {
            str(each.get("id")): _Item(
                self._at(self._opf, each.get("href")),
                str(each.get("media-type")),
                str(each.get("properties") or ""),
            )
            for each in _all(self._package, "item")
        }
        if "META-INF/encryption.xml" in book.namelist():
            locked = {
                str(each.get("URI"))
                for each in _all(self._xml("META-INF/encryption.xml"), "CipherReference")
            }
            if locked & {item.path for item in self._items.values() if "html" in item.media_type}:
                raise RuntimeError("it is protected by DRM")

    def manuscript(self) -> Manuscript:
        """The whole book."""
        pages = [item for item in self._pages() if item.path in self._book.namelist()]
        return Manuscript(
            tuple(self._paragraphs(pages)),
            self._told("title"),
            self._told("creator"),
            self._told("date")[:4],
            code_of(self._told("language").split("-")[0]),
            self._cover(),
            tuple(item.path for item in self._pages() if item not in pages),
        )

    def _pages(self) -> Iterator[_Item]:
        """What is read of the book, in order."""
        for ref in _all(self._package, "itemref"):
            item = self._items.get(str(ref.get("idref")))
            if item and ref.get("linear") != "no" and "nav" not in item.properties.split():
                yield item

    def _paragraphs(self, pages: Iterable[_Item]) -> Iterator[Paragraph]:
        titles = self._titles()
        for item in pages:
            page = list(anchored(parsed(self._read(item.path))))
            if titles:
                yield from _headed(page, titles.get(item.path, {}))
            else:
                yield from (paragraph for paragraph, _ in page)

    def _titles(self) -> Mapping[str, Mapping[str, str]]:
        """The titles of chapters by the page on which each begins, and the place there."""
        nav = [item for item in self._items.values() if "nav" in item.properties.split()]
        ncx = [item for item in self._items.values() if item.media_type.endswith("ncx+xml")]
        if nav:
            page = parsed(self._read(nav[0].path))
            found = (
                (link.get("href"), link.text_content())
                for link in page.xpath("(//nav[@*[.='toc']] | //nav)[1]//a[@href]")
            )
            return self._first_of_each(nav[0].path, found)
        if ncx:
            points = _all(self._xml(ncx[0].path), "navPoint")
            found = (
                (_first(each, "content").get("src"), _text(_first(each, "text"))) for each in points
            )
            return self._first_of_each(ncx[0].path, found)
        return {}

    def _first_of_each(
        self, base: str, found: Iterator[tuple[Any, str]]
    ) -> Mapping[str, Mapping[str, str]]:
        titles: dict[str, dict[str, str]] = {}
        for href, title in found:
            place = unquote(urlsplit(str(href or "")).fragment)
            page = titles.setdefault(self._at(base, href), {})
            page.setdefault(place, " ".join(title.split()))
        return titles

    def _cover(self) -> bytes:
        named = {
            str(m.get("content")) for m in _all(self._package, "meta") if m.get("name") == "cover"
        }
        for key, item in self._items.items():
            is_cover = "cover-image" in item.properties.split() or key in named
            if is_cover and item.media_type in ("image/jpeg", "image/png"):
                return self._read(item.path)
        return b""

    def _told(self, name: str) -> str:
        found = _all(self._package, name)
        return " ".join(_text(found[0]).split()) if found else ""

    def _read(self, path: str) -> bytes:
        with self._book.open(path) as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise zipfile.BadZipFile(f"{path} is over {_MOST_BYTES >> 20} MB")
        return data

    def _xml(self, path: str) -> Any:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
        root = etree.fromstring(self._read(path), parser)
        if root is None:
            raise zipfile.BadZipFile(f"{path} is no XML")
        return root

    @staticmethod
    def _at(base: str, href: Any) -> str:
        path = unquote(urlsplit(str(href or "")).path)
        return posixpath.normpath(posixpath.join(posixpath.dirname(base), path))


def _headed(
    page: list[tuple[Paragraph, list[str]]], titles: Mapping[str, str]
) -> Iterator[Paragraph]:
    """A page with a heading where each of its chapters begins, its own or the title, and nowhere
    else. Where the page has none of the places, the first is its beginning."""
    places = {name for _, names in page for name in names}
    first = titles.get("") or ("" if places & titles.keys() else next(iter(titles.values()), ""))
    for number, (each, names) in enumerate(page):
        named = (titles[name] for name in names if name in titles)
        title = (first if number == 0 else "") or next(named, "")
        if title and not each.is_heading:
            yield Paragraph(title, is_heading=True)
        yield replace(each, is_heading=bool(title) and each.is_heading)


def _all(root: Any, name: str) -> list[Any]:
    return [each for each in root.iter() if etree.QName(each).localname == name]


def _first(root: Any, name: str) -> Any:
    found = _all(root, name)
    if not found:
        raise KeyError(f"no {name}")
    return found[0]


def _text(element: Any) -> str:
    return "".join(element.itertext())
