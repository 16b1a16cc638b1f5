"""The one place where the clocks of a file are reconciled, by one rule."""

from __future__ import annotations

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

JUMP_S = 0.05
"""Containers round times to a millisecond or a packet; only a larger jump is a gap."""

ROUNDED_S = 0.002
"""Where data is known to be damaged, a jump counts from here on: clocks are rounded to 1 ms."""

_MOST_UNSTATED_S = 3600.0
"""Silence that gaps may add to a recording whose header states no end: damaged clocks jump by
years."""

_MOST_STATED_S = 24 * 3600.0

_STAMPED = frozenset("mov matroska mpegts mpeg ogg flac asf flv nut mxf wv tta ape".split())
"""Containers that say when a packet is heard. Elsewhere ffmpeg counts, as we do; and it counts
wrongly, in units of the first rate, where the rate changes."""

_COUNTING = frozenset({"ogg", "flac", "wv", "tta", "ape"})
"""Containers whose stamps count samples, so that a jump is a loss if anything is missing."""

_STATES_END = frozenset({"mov", "matroska", "asf", "flv", "mxf"})


class Clock:
    """When each sound of a track is heard.

    Three clocks speak of it: the stamps of the container; the codec, which puts samples before the
    sound (Opus' pre-skip, AAC's and MP3's encoder delay, edit lists and iTunSMPB, which ffmpeg all
    tells as samples to skip); and the count of samples that were decoded. The rule:

    1. Time 0 of a file is where the earliest of its tracks begins, as players have it.
    2. A track that begins the file begins with its first sample that is not skipped, though the
       decoder gives none for the first packet, which only primes it. A track that begins later
       than another does so at the stamp of that sample.
    3. From there on the count of samples is the clock, and stamps are heard only where they differ
       from it by more than `JUMP_S`; never those that a parser made up between two of the
       container's own.
    4. A later stamp means a pause, or a loss where data is damaged or missing: silence is put in.
       Behind damage stamps are heard as soon as they differ by more than `ROUNDED_S`, either way,
       for decoders make sound of other lengths of it.
    5. A stamp that is earlier, or later than the end that the header states (than an hour, where it
       states none), is no time: recordings that were joined, or damage. The count goes on, and is
       the measure of the stamps from there on.

    Attributes:
        late_s: silence before the track's first sample.
        is_stamped: whether the container says when a packet is heard.
        counts_samples: whether its stamps count samples.
        stamps_ends: whether they tell when a page ends, not when a packet begins.

    Args:
        first_pts: the stamp of the first frame.
        skipped_s: what is dropped of it and the next.
        is_indexed: whether an index tells when packets are heard that carry no stamps.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        first_pts: int | None,
        skipped_s: float = 0.0,
        *,
        is_indexed: bool = False,
    ) -> None:
        kinds = set(container.format.name.split(","))
        self.is_stamped = is_indexed or is_stamped(container)
        self.counts_samples = is_counting(container)
        self.stamps_ends = "ogg" in kinds
        tick_s = float(stream.time_base or 0)
        start_s = (container.start_time or 0) / av.time_base
        states_end = bool(kinds & _STATES_END) and bool(container.duration)
        self._end_s = (container.duration or 0) / av.time_base if states_end else None
        self._filled_s = 0.0
        self._anchor_s = _first_s(container, stream) if self.stamps_ends else None
        begins_s = (stream.start_time or 0) * tick_s
        late_s = (first_pts or 0) * tick_s + skipped_s - start_s
        is_later = stream.start_time is None or begins_s > start_s + ROUNDED_S / 2
        self.late_s = late_s if is_later and self._is_plausible(0.0, late_s) else 0.0

    def gap_s(self, stamp_s: float, at_s: float, least_s: float = JUMP_S) -> float:
        """Seconds of silence that belong between what has been written and a frame; of sound that
        is too much, if negative.

        Args:
            stamp_s: the container's stamp on the frame.
            at_s: seconds written so far, all silence included.
            least_s: jumps below are rounding.
        """
        if not self.is_stamped:
            return 0.0
        if self._anchor_s is None:
            self._anchor_s = stamp_s - at_s
        gap_s = stamp_s - self._anchor_s - at_s
        if abs(gap_s) < least_s:
            return 0.0
        if -JUMP_S < gap_s < 0:
            return gap_s
        if self._is_plausible(at_s, gap_s):
            self._filled_s += gap_s
            return gap_s
        self._anchor_s += gap_s
        return 0.0

    def _is_plausible(self, at_s: float, gap_s: float) -> bool:
        if gap_s < 0:
            return False
        if self._end_s is not None:
            return at_s + gap_s <= self._end_s + 1 and gap_s <= _MOST_STATED_S
        return self._filled_s + gap_s <= _MOST_UNSTATED_S


def _first_s(container: InputContainer, stream: AudioStream) -> float | None:
    """When other tracks begin beside FLAC in Ogg, of which ffmpeg takes any first stamp for 0."""
    if stream.codec_context.name != "flac":
        return None
    others = [each for each in container.streams if each is not stream]
    lasting = [each for each in others if not each.disposition & Disposition.attached_pic]
    return min(
        ((each.start_time or 0) * float(each.time_base or 0) for each in lasting), default=None
    )


def is_stamped(container: InputContainer) -> bool:
    """Whether a container says when a packet is heard."""
    return not _STAMPED.isdisjoint(container.format.name.split(","))


def is_counting(container: InputContainer) -> bool:
    """Whether the stamps of a container count samples."""
    return not _COUNTING.isdisjoint(container.format.name.split(","))
