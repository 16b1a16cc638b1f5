"""The reader over ffmpeg's libraries in PyAV: every format, every video, and damaged files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, cast

from av.audio.layout import AudioLayout
from av.filter import Graph
from av.filter.context import FilterContext

from audiopipe.audio.reading.claims import claim_of
from audiopipe.audio.reading.corrected import Claim, Corrected
from audiopipe.audio.reading.frames import Decoded, Unifier
from audiopipe.audio.reading.part import Part
from audiopipe.audio.reading.recording import (
    Block,
    Recording,
    file_sha256,
    skip_frames,
)
from audiopipe.audio.reading.tagging import untagged
from audiopipe.audio.reading.timeline import Timeline, silence
from audiopipe.audio.reading.track import open_track
from audiopipe.errors import InputError

_MOST_PADDING_FRAMES = 4096
"""More than an encoder pads at the end; what exceeds the header by less is such padding."""

_DAMAGED = "damaged data was skipped"


class ContainerRecording(Recording):
    """One audio track of a file that ffmpeg reads, looked at frame by frame.

    Attributes:
        clock: when its sounds are heard.
        promised_s: how long the header says that it is; None where that is no promise.
        is_plain: whether ffmpeg by itself gives what this reader gives, as long as nothing is
            damaged or missing, but for
        surplus_frames: samples before the first, which it does not drop.
        tolerance_s: how much of what is promised may be missing.

    Args:
        file: seekable, at any position.
        name: for messages.
        track: which audio track, counted from 1; None takes the first that can be decoded.
        raw: ffmpeg's name of the samples, for a file without a header.

    Raises:
        UnreadableInput: not a recording, encrypted, or no decoder for it.
        NoAudioTrack: no such track.
        EmptyAudio: not one sample could be decoded.
    """

    def __init__(
        self, file: IO[bytes], name: str, track: int | None, raw: str | None = None
    ) -> None:
        self._whole, self._asked = file, (track, raw)
        self._file = untagged(file)
        claim = self._open(self._file, name, track, raw)
        is_wrong = claim is not None and not claim.is_true
        first, told_s = self._track.first, self._track.told_s
        self.tolerance_s = self._track.tolerance_s
        super().__init__(name, first.sample_rate, first.layout.nb_channels, told_s)
        self.clock = self._track.clock
        self.promised_s = told_s if self._track.is_promised else None
        self.surplus_frames = self._track.surplus_frames
        self.is_plain = self._track.is_plain and not (is_wrong or raw)
        self.notes += self._track.notes
        if claim and is_wrong and (claim.stated_bytes or claim.true_bytes) < claim.true_bytes:
            self.notes.append("holds more sound than its header states; read to its end")

    @property
    def layout(self) -> AudioLayout:
        """Of the channels of a block."""
        return self._track.first.layout

    def blocks(self) -> Iterator[Block]:
        late, delay = round(self.clock.late_s * self.rate_hz), self._track.delay_frames
        yield from silence(late, self.channels)
        yield from skip_frames(self._blocks(late - delay), delay)

    def sha256(self) -> str:
        return file_sha256(self._whole)

    def close(self) -> None:
        self._track.container.close()

    def reopened(self) -> ContainerRecording:
        """The same track from its beginning; this one must be closed."""
        return ContainerRecording(self._whole, self.name, *self._asked)

    def add_to(self, graph: Graph, descriptor: int) -> FilterContext:
        """The same track from its beginning as a filter, read by ffmpeg itself."""
        self._whole.seek(0)
        start = self._file.start if isinstance(self._file, Part) else 0
        return graph.add(
            "amovie",
            filename=f"subfile,,start,{start},end,0,,:fd:" if start else "fd:",
            format_opts=f"fd={descriptor}:protocol_whitelist=subfile,fd",
            stream_index=str(self._track.index),
        )

    def padding_frames(self, written: int) -> int:
        """What the encoder added at the end, where the header tells exactly how long it was."""
        if self.promised_s is None or not self._track.is_exact:
            return 0
        extra = written - round(self.promised_s * self.rate_hz)
        return extra if 0 < extra < _MOST_PADDING_FRAMES else 0

    def _blocks(self, written: int) -> Iterator[Block]:
        timeline = Timeline(
            self.clock,
            Unifier(self._track.first),
            self.rate_hz,
            self.channels,
            lambda start_s, end_s: self.lose(start_s, end_s, _DAMAGED),
            written,
        )
        for each in self._all_frames():
            yield from timeline.add(each)
        yield from timeline.finish(self.padding_frames)
        promised_s = self.promised_s
        if promised_s is None and self._share > 1:  # how much of what is cut off is an estimate
            promised_s = timeline.written * self._share / self.rate_hz
        if promised_s is not None:
            self.lose_tail(timeline.written, promised_s, self.tolerance_s)

    def _all_frames(self) -> Iterator[Decoded]:
        """What the track holds, and all that is joined on."""
        yield from self._track.frames
        while (link := self._track.pages.next_link()) and self._goes_on(link):
            yield from self._track.frames

    def _open(
        self, file: IO[bytes], name: str, track: int | None, raw: str | None = None
    ) -> Claim | None:
        """Open a track of a file, or of what is joined on; what its header claims."""
        claim = claim_of(file)
        if claim and not claim.is_true:
            file = cast("IO[bytes]", Corrected(file, claim.fields))
        self._share = claim.share if claim else 1.0
        self._track = open_track(file, name, track, raw, claim)
        return claim

    def _goes_on(self, link: IO[bytes]) -> bool:
        """Whether another recording of the file is open."""
        self._track.container.close()
        try:
            self._open(link, self.name, None)
        except InputError:
            return False
        return True
