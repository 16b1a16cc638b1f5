"""What a podcast's feed says: RSS or Atom, read by feedparser, which asks nobody for anything."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from audiopipe.errors import UnreadableInput, UsageError
from audiopipe.text.clean import one_line
from audiopipe.values.audio import Chapter, Span

_MOST_TITLE = 300
_PLAY_TIME = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{1,9})?)")
_END, _TAIL = re.compile(rb"(?i)</(?:[\w-]+:)?(?:rss|feed|rdf)\s*>"), 8192
_MOST_CHAPTERS = 10_000
_MOST_EPISODES = 100_000


@dataclass(frozen=True, slots=True)
class Episode:
    """A recording that a feed names.

    Attributes:
        id: what the feed calls it for good; its address, where it does not say.
        title: on one line.
        url: of the recording, http or https.
        media_type: as the feed says, such as `audio/mpeg`; "" where it does not.
        published_s: seconds since the epoch; None where the feed does not say.
        chapters: as the feed names them.
        chapters_url: of a file that names them; "" for none.
    """

    id: str
    title: str
    url: str
    media_type: str = ""
    published_s: int | None = None
    chapters: tuple[Chapter, ...] = ()
    chapters_url: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A podcast, its newest episode first, as feeds are; and whether its document breaks off."""

    title: str
    episodes: tuple[Episode, ...]
    is_cut: bool = False


def parse(document: bytes, url: str) -> Feed:
    """The feed in a document.

    Args:
        document: RSS or Atom.
        url: where it is from: addresses in it may be relative.

    Raises:
        UnreadableInput: it is no feed.
        UsageError: feedparser is not installed.
    """
    try:
        import feedparser
    except ImportError as error:
        raise UsageError("feeds take more: pip install 'audiopipe[feeds]'") from error

    found = feedparser.parse(io.BytesIO(document), response_headers={"content-location": url})
    if not found.get("version") and not found.entries:
        raise UnreadableInput("it is neither RSS nor Atom")
    known: dict[str, Episode] = {}
    for entry in found.entries[:_MOST_EPISODES]:
        if episode := _episode(entry, url):
            known.setdefault(episode.id, episode)
    newest = sorted(known.values(), key=lambda each: -(each.published_s or 0))
    is_cut = not _END.search(document[-_TAIL:].replace(b"\0", b""))
    return Feed(_line(found.feed.get("title")), tuple(newest), is_cut)


def chapters_of(rows: Any) -> tuple[Chapter, ...]:
    """The chapters in rows of the JSON format of podcastindex.org, as far as they are some."""
    named = [
        (float(row["startTime"]), _line(row.get("title")))
        for row in (rows if isinstance(rows, list) else [])[:_MOST_CHAPTERS]
        if isinstance(row, dict)
        and isinstance(row.get("startTime"), int | float)
        and 0 <= row["startTime"] < 1e6
        and row.get("toc", True)
    ]
    return _in_order(named)


def _episode(entry: Mapping[str, Any], base: str) -> Episode | None:
    """What is to be downloaded of an entry; None of one without a recording."""
    for address, kind in _named(entry):
        url = urljoin(base, address.strip())
        if _is_web(url):
            date = entry.get("published_parsed") or entry.get("updated_parsed")
            listed = _listed(entry, base)
            return Episode(
                id=str(entry.get("id") or url),
                title=_line(entry.get("title")) or "episode",
                url=url,
                media_type=kind,
                published_s=calendar.timegm(date) if date else None,
                chapters=_in_order([*_simple((entry.get("psc_chapters") or {}).get("chapters"))]),
                chapters_url=listed if _is_web(listed) else "",
            )
    return None


def _named(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The addresses of an entry's recordings and their types: enclosures, then Media RSS."""
    for link in entry.get("links", ()):
        kind = str(link.get("type", "")).lower()
        is_media = not kind or kind.startswith(("audio/", "video/", "application/"))
        if link.get("rel") == "enclosure" and is_media:
            yield str(link.get("href", "")), kind
    for media in entry.get("media_content", ()):
        kind = str(media.get("type", "")).lower()
        if kind.startswith(("audio/", "video/")) or media.get("medium") in ("audio", "video"):
            yield str(media.get("url", "")), kind


def _listed(entry: Mapping[str, Any], base: str) -> str:
    """The address of the file of chapters, as `podcast:chapters` has it; "" for none."""
    told = entry.get("podcast_chapters")
    named = str(told.get("url", "")).strip() if isinstance(told, Mapping) else ""
    return urljoin(base, named) if named else ""


def _simple(rows: Any) -> Iterator[tuple[float, str]]:
    """Podlove's simple chapters: `start` is normal play time, `HH:MM:SS.mmm` or less of it."""
    for row in (rows or ())[:_MOST_CHAPTERS]:
        if found := _PLAY_TIME.fullmatch(str(row.get("start", ""))):
            hours, minutes, seconds = (float(part or 0) for part in found.groups())
            yield hours * 3600 + minutes * 60 + seconds, _line(row.get("title"))


def _in_order(named: list[tuple[float, str]]) -> tuple[Chapter, ...]:
    """Chapters by their start, each up to the next; the last is as long as nobody says."""
    named.sort()
    ends = [start_s for start_s, _ in named[1:]] + [named[-1][0]] if named else []
    return tuple(
        Chapter(title or str(number), Span(start_s, end_s))
        for number, ((start_s, title), end_s) in enumerate(zip(named, ends, strict=True), 1)
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _line(text: Any) -> str:
    return one_line(str(text or ""), _MOST_TITLE)
