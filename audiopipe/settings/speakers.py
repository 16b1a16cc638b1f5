"""The settings of who speaks, a part of the table."""

from __future__ import annotations

from dataclasses import dataclass

from audiopipe.settings.groups import SPEAKERS
from audiopipe.settings.kinds import Count, NamedFiles
from audiopipe.settings.provider import ProviderSettings
from audiopipe.settings.setting import row

MOST_SPEAKERS = 32


@dataclass(frozen=True, slots=True)
class SpeakerSettings(ProviderSettings):
    """See `audiopipe.settings.table`."""

    speakers: str = row(
        "",
        "--speakers",
        SPEAKERS,
        "Tell who speaks, by voice: how many people there are, or auto.",
        kind=Count(MOST_SPEAKERS),
        unit="N|auto",
        unset="off; alone: auto",
        alone="auto",
    )
    voice_samples: tuple[str, ...] = row(
        (),
        "--voice-sample",
        SPEAKERS,
        "A recording of somebody alone, as Ann=ann.wav, whose name then stands where that voice "
        "speaks; may be repeated.",
        kind=NamedFiles(),
        unit="NAME=FILE",
        is_repeated=True,
    )
    speakers_across: bool = row(
        False,
        "--speakers-across",
        SPEAKERS,
        "Know a voice of one recording again in the next ones of the run.",
    )

    @property
    def who(self) -> str:
        """How many people there are, or `auto`, also where samples of voices are given; "" where
        nobody wants to know."""
        return self.speakers or ("auto" if self.voice_samples or self.speakers_across else "")
