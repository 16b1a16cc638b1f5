"""The rows that say how subtitles look, and what settings must be together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from audiopipe.errors import UsageError
from audiopipe.settings.groups import SUBTITLES
from audiopipe.settings.kinds import Number
from audiopipe.settings.setting import keep_checked, row

FrameRate = Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"]


@dataclass(frozen=True, slots=True)
class SubtitleSettings:
    """How subtitles are broken and timed; see `table` for what each setting may be.

    Line count, durations and gap are those of Netflix's Timed Text Style Guide, General
    Requirements; line width and reading speed those of its English template for adults.

    Raises:
        UsageError: a value that is not allowed, or values that cannot go together.
    """

    max_line_width: int = row(
        42,
        "--max-line-width",
        SUBTITLES,
        "Longest line of a subtitle; wide East Asian characters take two columns, and a longer "
        "word stays whole.",
        kind=Number(is_whole=True, low=1),
        unit="COLUMNS",
    )
    max_line_count: int = row(
        2,
        "--max-line-count",
        SUBTITLES,
        "Most lines of a subtitle.",
        kind=Number(is_whole=True, low=1),
        unit="N",
    )
    max_cue_duration_s: float = row(
        7.0,
        "--max-cue-duration",
        SUBTITLES,
        "Longest time of a subtitle.",
        kind=Number(low=0.001),
        unit="SECONDS",
    )
    min_cue_duration_s: float = row(
        5 / 6,
        "--min-cue-duration",
        SUBTITLES,
        "Shortest time of a subtitle.",
        kind=Number(low=0.001),
        unit="SECONDS",
    )
    min_gap_s: float = row(
        2 / 24,
        "--min-gap",
        SUBTITLES,
        "Empty screen between two subtitles: two frames of film.",
        unit="SECONDS",
    )
    reading_speed_cps: float = row(
        17.0,
        "--reading-speed",
        SUBTITLES,
        "What is read in a second: a subtitle is held into the silence after it until it has been.",
        kind=Number(is_above=True, is_endless=True),
        unit="COLUMNS",
    )

    karaoke: bool = row(
        True, "--karaoke", SUBTITLES, "Let words light up as they are spoken, in ass."
    )
    frame_rate: FrameRate = row(
        "25", "--frame-rate", SUBTITLES, "Frames a second of markers: edl, fcpxml, otio."
    )
    start_hour: int = row(
        0,
        "--start-hour",
        SUBTITLES,
        "Hour of the timecode at which the recording begins on the timeline of the markers.",
        kind=Number(is_whole=True, high=23),
        unit="N",
    )

    def __post_init__(self) -> None:
        keep_checked(self)
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        check_together(values, lambda name: name)


def check_together(values: Mapping[str, Any], called: Callable[[str], str]) -> None:
    """Check what single values do not tell.

    Args:
        values: by name.
        called: where the value of a name stands.

    Raises:
        UsageError: two of them cannot go together.
    """
    shortest, longest = values["min_cue_duration_s"], values["max_cue_duration_s"]
    if shortest > longest:
        raise UsageError(
            f"{called('min_cue_duration_s')} {shortest:.3g} s must not be above "
            f"{called('max_cue_duration_s')} {longest:.3g} s"
        )
    for name in ("speakers", "voice_samples", "speakers_across"):
        if values.get(name) and values["channels"] == "split":
            raise UsageError(
                f"{called('channels')} split takes each channel as a speaker: leave out "
                f"{called(name)}"
            )
    if "overlap_s" in values and values["chunk_length_s"] <= 2 * values["overlap_s"]:
        raise UsageError(
            f"{called('chunk_length_s')} {values['chunk_length_s']:g} s must be more than twice "
            f"{called('overlap_s')} {values['overlap_s']:g} s"
        )
