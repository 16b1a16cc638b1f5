"""Recordings of sites that have no feed, by yt-dlp: channels, playlists, single pages.

It has a network of its own, and asks whom it likes: it is used for addresses that begin with
`ytdlp:`, and for no others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError, UnreadableInput, UsageError
from audiopipe.text.clean import one_line
from audiopipe.values.audio import Chapter, Span
from audiopipe.workflows.feeds.parse import Episode, Feed

PREFIX = "ytdlp:"

_MOST_EPISODES = 5000
_QUIET = {"quiet": True, "no_warnings": True, "noprogress": True, "color": "never"}
_BOUNDED = {"socket_timeout": 60, "retries": 3, "cachedir": False, "playlistend": _MOST_EPISODES}


def listed(url: str) -> Feed:
    """What a page names; its address begins with `PREFIX`.

    Raises:
        UnreadableInput: it names nothing that can be heard.
        UsageError: yt-dlp is not installed.
    """
    info = _asked(url.removeprefix(PREFIX), {"extract_flat": "in_playlist"}, download=False)
    entries = info.get("entries")
    episodes = [_episode(e) for e in ([info] if entries is None else entries) if e]
    return Feed(one_line(str(info.get("title") or "")), tuple(e for e in episodes if e.url))


def get(episode: Episode, stem: Path, most_bytes: int, stop: Stop) -> tuple[Path, Episode]:
    """Download the sound of an episode, or its whole where it has none apart; it goes on where it
    broke off. The file, and the episode with the chapters that its page has.

    Raises:
        UnreadableInput: it cannot be had.
        Stopped: it was wished.
    """
    asked = {
        "format": "bestaudio/best",
        "outtmpl": {"default": f"{str(stem).replace('%', '%%')}.%(ext)s"},
        "max_filesize": most_bytes,
        "noplaylist": True,
        "progress_hooks": [lambda _: stop.check()],
    }
    info = _asked(episode.url, asked, download=True)
    files = [each.get("filepath") for each in info.get("requested_downloads") or ()]
    if not files or not Path(str(files[0])).is_file():
        raise UnreadableInput(f"{episode.title}: nothing was downloaded; is it too large?")
    return Path(str(files[0])), _episode({**info, "id": episode.id})


def _asked(url: str, more: dict[str, Any], *, download: bool) -> dict[str, Any]:
    try:
        from yt_dlp import YoutubeDL
        from yt_dlp.utils import YoutubeDLError
    except ImportError as error:
        raise UsageError(f"{PREFIX} takes more: pip install 'audiopipe[ytdlp]'") from error
    try:
        with YoutubeDL({**_QUIET, **_BOUNDED, **more, "logger": _Silent()}) as site:
            return dict(site.extract_info(url, download=download) or {})
    except AudiopipeError:
        raise
    except YoutubeDLError as error:
        raise UnreadableInput(f"cannot download {url}: {one_line(str(error), 500)}") from error


class _Silent:
    """What yt-dlp says goes nowhere: its errors are raised besides."""

    def debug(self, line: str) -> None: ...
    def info(self, line: str) -> None: ...
    def warning(self, line: str) -> None: ...
    def error(self, line: str) -> None: ...


def _episode(info: dict[str, Any]) -> Episode:
    marks = info.get("chapters") or ()
    return Episode(
        id=str(info.get("id") or info.get("url") or ""),
        title=one_line(str(info.get("title") or ""), 300) or "episode",
        url=str(info.get("webpage_url") or info.get("url") or ""),
        published_s=_published_s(info),
        chapters=tuple(
            Chapter(one_line(str(each.get("title") or n)), Span(start_s, max(start_s, end_s)))
            for n, each in enumerate(marks, 1)
            for start_s, end_s in [(float(each["start_time"]), float(each.get("end_time") or 0))]
        ),
    )


def _published_s(info: dict[str, Any]) -> int | None:
    if isinstance(stamp := info.get("timestamp"), int | float):
        return int(stamp)
    try:
        day = datetime.strptime(str(info.get("upload_date")), "%Y%m%d")
    except ValueError:
        return None
    return int(day.replace(tzinfo=UTC).timestamp())
