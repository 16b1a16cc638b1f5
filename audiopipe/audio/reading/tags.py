"""What the file of a recording says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from audiopipe.audio.reading.chapters import can_be_read_again
from audiopipe.audio.reading.isolation.recording import CannotStart, isolated_tags, on_disk
from audiopipe.audio.reading.readers import written_tags
from audiopipe.audio.reading.source import AudioSource, open_binary, shown
from audiopipe.concurrency import Stop


def tags(source: AudioSource) -> Mapping[str, str]:
    """Title, artist, album, genre and date of a recording, by ffmpeg's names, as it has them.

    Args:
        source: as `codec.open_source` takes it; of an address, or of what can be read only once,
            no tags are read.

    Raises:
        UnreadableInput: it cannot be opened.
    """
    if not can_be_read_again(source):
        return {}
    name = shown(source)
    with open_binary(source, name, Stop()) as file, on_disk(file, name) as held:
        try:
            return isolated_tags(held, name)
        except CannotStart:
            return written_tags(held, name)
