"""Replace: write what is known to be heard wrongly as the glossary has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from audiopipe.stages.finish.glossary import Replacement
from audiopipe.text.rewording import Change, changed
from audiopipe.text.words import whole_words
from audiopipe.values.transcript import Transcript


def replace_words(transcript: Transcript, replacements: Sequence[Replacement]) -> Transcript:
    """The transcript with its replacements made; all times outside of them stay as they are.

    Whole words are compared, whatever their case and the space between them; in scripts without
    spaces the text itself. Of several that begin at the same place the longest is made, and none
    in what another has written. Each is within one segment. As many words as were there keep their
    own times, more or fewer share the time of those they replace.

    Args:
        transcript: its flags stay.
        replacements: what is heard, and what to write.
    """
    if not replacements:
        return transcript
    longest_first = sorted(replacements, key=lambda each: len(each.heard), reverse=True)
    heard = re.compile("|".join(f"({whole_words(each.heard)})" for each in longest_first), re.I)
    written = [each.written for each in longest_first]
    return replace(
        transcript,
        segments=tuple(
            changed(segment, [_change(match, written) for match in heard.finditer(segment.text)])
            for segment in transcript.segments
        ),
    )


def _change(match: re.Match[str], written: Sequence[str]) -> Change:
    assert match.lastindex
    return Change(match.start(), match.end(), written[match.lastindex - 1])
