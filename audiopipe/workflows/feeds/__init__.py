"""Podcasts: what a feed has that was not fetched before."""

from __future__ import annotations

import io
import json
import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from urllib.parse import unquote, urlsplit

from audiopipe.audio.reading.chapters import chapters_beside
from audiopipe.backends.http.address import public_name, without_secrets
from audiopipe.backends.http.download import download, version
from audiopipe.backends.http.reply import Reply
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError, InputError, OutputError, UnreadableInput
from audiopipe.render import require_room, write
from audiopipe.values.audio import Chapter
from audiopipe.workflows.feeds import ytdlp
from audiopipe.workflows.feeds.parse import Episode, Feed, chapters_of, parse
from audiopipe.workflows.feeds.record import Record, Row, Status, folder_of
from audiopipe.workflows.inputs.names import free, harmless, shortened
from audiopipe.workflows.inputs.sniff import RECORDINGS

_MOST_FEED_BYTES = 64 << 20
_MOST_CHAPTERS_BYTES = 4 << 20
_MOST_EPISODE_BYTES = 8 << 30
"""A day of 192 kbit/s is 2 GB; video podcasts take more."""

PART = ".part"
"""Behind the name of an episode that is half there; a watched folder passes over it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an episode: the file that it is in, or the error that prevented it."""

    episode: Episode
    path: Path
    error: AudiopipeError | None = None


class Podcast:
    """A feed and the folder of its episodes, `ROOT/<its title>`.

    Args:
        url: of the feed, or the path of a file that holds it.
        root: where the folders of podcasts are.
        stop: ends downloads and waits.

    Raises:
        UnreadableInput: it cannot be fetched, or is no feed.
        UsageError: feedparser is not installed.
        InputError: what is known of it cannot be read.
        OutputError: nothing can be written there.
    """

    def __init__(self, url: str, root: Path, stop: Stop) -> None:
        self._stop = stop
        self._is_site = url.startswith(ytdlp.PREFIX)
        url = _SUBSCRIBED.sub(lambda found: found[1] or "http://", url)
        self.feed = ytdlp.listed(url) if self._is_site else _feed(url, stop)
        name = public_name(url)
        self.folder = folder_of(root, name) or root / _safe(self.feed.title or "podcast")
        self._record = Record(self.folder, name, self.feed.title)

    def due(self, latest: int | None = None) -> list[Episode]:
        """The episodes that are not there yet, the oldest first.

        Args:
            latest: only so many of the newest, and of none that is older later on either.
        """
        known = self._record.rows
        new = [
            each
            for each in self.feed.episodes
            if each.id not in known or known[each.id].status in ("failed", "begun")
        ]
        return new[:latest][::-1]

    def fetch(self, latest: int | None = None) -> Iterator[Fetched]:
        """Download what is due; each that is whole is recorded at once.

        Raises:
            OutputError: nothing can be written there.
            Stopped: it was wished; what is half there goes on at the next time.
        """
        due = self.due(latest)
        require_room(self.folder)
        for passed in {*self.due()} - {*due}:
            self._record.put(_row(passed, "passed"))
        for episode in due:
            path = self.folder / self._name(episode)
            try:
                if self._is_site:
                    path, episode = self._got_of_site(episode, path)
                else:
                    self._download(episode, path)
            except InputError as error:
                row = self._record.rows[episode.id]
                self._record.put(replace(row, status="failed", reason=str(error)))
                yield Fetched(episode, path, error)
            else:
                yield Fetched(episode, path)

    def _got_of_site(self, episode: Episode, stem: Path) -> tuple[Path, Episode]:
        self._record.put(_row(episode, "begun", stem.name))
        path, told = ytdlp.get(episode, stem, _MOST_EPISODE_BYTES, self._stop)
        self._done(told, path)
        return path, told

    def _name(self, episode: Episode) -> str:
        """The name of an episode's file, which is nobody else's."""
        if (row := self._record.rows.get(episode.id)) and row.file:
            return row.file  # of a site without an ending, until it is there
        used = {row.file.casefold() for row in self._record.rows.values()}
        date = episode.published_s
        day = f"{datetime.fromtimestamp(date, UTC):%Y-%m-%d} " if date is not None else ""
        stem = shortened(PurePath(_safe(f"{day}{episode.title}")))
        ending = _ending(episode)
        return f"{free(stem, used, [ending])}{ending}"

    def _download(self, episode: Episode, path: Path) -> None:
        """Raises as `download`; `OutputError` where nothing can be written."""
        part = path.with_name(f"{path.name}{PART}")
        before = self._record.rows.get(episode.id)
        if path.exists() and not part.exists() and before and before.status == "begun":
            self._done(episode, path)  # a crash came before it was recorded
            return

        def told(head: Reply) -> None:
            kind = head.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind.startswith("text/") or kind.endswith(("html", "json", "xml")):
                raise UnreadableInput(f"{_shown(episode)} is {kind}, and no recording")
            begun = _row(episode, "begun", path.name)
            self._record.put(replace(begun, version=version(head)))

        if not before or before.file != path.name:
            self._record.put(_row(episode, "begun", path.name))
        kept = before.version if before and part.exists() else ""
        try:
            file = part.open("r+b" if part.exists() else "w+b")
        except OSError as error:
            raise OutputError(f"cannot write {part}: {error.strerror or error}") from error
        most = _MOST_EPISODE_BYTES
        with _unless_empty(part), file:
            download(episode.url, file, stop=self._stop, most_bytes=most, kept=kept, told=told)
            if not file.seek(0, os.SEEK_END):
                raise UnreadableInput(f"{_shown(episode)} is empty")
            os.fsync(file.fileno())
        part.replace(path)
        self._done(episode, path)

    def _done(self, episode: Episode, path: Path) -> None:
        if chapters := episode.chapters or self._listed(episode):
            rows = [{"startTime": c.span.start_s, "title": c.title} for c in chapters]
            told = {"version": "1.2.0", "chapters": rows}
            write(json.dumps(told, ensure_ascii=False, indent=1) + "\n", chapters_beside(path))
        self._record.put(_row(episode, "done", path.name))

    def _listed(self, episode: Episode) -> tuple[Chapter, ...]:
        """The chapters in the file that the feed names; none where that cannot be had."""
        if not episode.chapters_url:
            return ()
        with suppress(InputError, ValueError, RecursionError, AttributeError):
            file = io.BytesIO()
            most = _MOST_CHAPTERS_BYTES
            download(episode.chapters_url, file, stop=self._stop, most_bytes=most)
            return chapters_of(json.loads(file.getvalue()).get("chapters"))
        return ()


@contextmanager
def _unless_empty(part: Path) -> Iterator[None]:
    """What fails before its first byte leaves no file."""
    try:
        yield
    except AudiopipeError:
        if not part.stat().st_size:
            part.unlink()
        raise


_SUBSCRIBED = re.compile(r"^(?:feed|itpc|pcast|podcast):(?:(https?://)|//)")
"""Before addresses that a program of podcasts is to open."""


def _feed(url: str, stop: Stop) -> Feed:
    shown = without_secrets(url) if "://" in url else url
    try:
        return parse(_document(url, stop), url)
    except UnreadableInput as error:
        raise UnreadableInput(f"{shown} is no feed: {error}") from error


def _document(url: str, stop: Stop) -> bytes:
    if "://" in url:
        file = io.BytesIO()
        download(url, file, stop=stop, most_bytes=_MOST_FEED_BYTES)
        return file.getvalue()
    try:
        with Path(url).open("rb") as local:
            return local.read(_MOST_FEED_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableInput(f"{reason}; addresses begin with https://") from error


def _row(episode: Episode, status: Status, file: str = "") -> Row:
    return Row(episode.id, episode.title, status, file, published_s=episode.published_s)


def _shown(episode: Episode) -> str:
    return f"{episode.title} ({without_secrets(episode.url)})"


def _safe(name: str) -> str:
    """A title as the name of a file, on every system."""
    plain = harmless(re.sub(r"[/\\]+", " ", name)).strip(" .")
    return shortened(PurePath(plain or "podcast")).name


def _ending(episode: Episode) -> str:
    """By the address, else by the type that the feed says; "" where neither tells."""
    ending = PurePath(unquote(urlsplit(episode.url).path)).suffix.lower()
    if ending in RECORDINGS:
        return ending
    return _ENDINGS.get(episode.media_type) or mimetypes.guess_extension(episode.media_type) or ""


_ENDINGS = {"audio/mpeg": ".mp3", "audio/mp3": ".mp3", "audio/mp4": ".m4a", "audio/x-m4a": ".m4a"}
_ENDINGS |= {"audio/aac": ".aac", "audio/ogg": ".ogg", "audio/opus": ".opus", "audio/flac": ".flac"}
