"""What a sound file says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tags:
    """Tags of a file; "" leaves one out.

    Attributes:
        title, author, album, genre, year: as players show them.
        cover: a picture, JPEG or PNG; b"" for none.
    """

    title: str = ""
    author: str = ""
    album: str = ""
    genre: str = ""
    year: str = ""
    cover: bytes = b""

    @classmethod
    def of(cls, told: Mapping[str, str], *, title: str = "", author: str = "") -> Tags:
        """Those of a recording, by ffmpeg's names, for what is spoken of it.

        Args:
            told: as `reading.tags` gives them.
            title, author: in their place, where they are given.
        """
        return cls(
            title or told.get("title", ""),
            author or told.get("artist", ""),
            told.get("album", ""),
            told.get("genre", ""),
            told.get("date", "")[:4],
        )

    def named(self) -> Mapping[str, str]:
        """Those there are, by ffmpeg's names."""
        tags = {
            "title": self.title,
            "artist": self.author,
            "album": self.album,
            "genre": self.genre,
            "date": self.year,
        }
        return {name: tag for name, tag in tags.items() if tag}
