"""Advanced SubStation Alpha: subtitles that a player styles, with words that light up as spoken."""

from __future__ import annotations

from audiopipe.render.cues import Cue, Piece, Voice, cues
from audiopipe.render.passages import title
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript

_HEAD = """[Script Info]
Title: {title}
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,60,&H00FFFFFF,&H00A0A0A0,&H00000000,&H80000000,\
0,0,0,0,100,100,0,0,1,3,1,2,96,96,54,1
Style: Second,Arial,48,&H00C8FFFF,&H00A0A0A0,&H00000000,&H80000000,\
0,1,0,0,100,100,0,0,1,3,1,2,96,96,54,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""

_MARKS = str.maketrans({"{": "(", "}": ")", "\\": "\\\N{WORD JOINER}"})
"""Braces would begin an override and have no escape that all players know; behind a backslash
a character of no width keeps it from being a command."""


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """Subtitles with the speaker in the field of names; `\\k` before each word, where karaoke is
    asked for and one speaks at a time.

    Times are hundredths of a second, cut, so that none is later than it was.
    """
    has_times = settings.karaoke and any(segment.words for segment in transcript.segments)
    rows = [_event(cue, has_times) for cue in cues(transcript, settings)]
    return _HEAD.format(title=title(transcript).translate(_MARKS)) + "".join(rows)


def _event(cue: Cue, has_times: bool) -> str:
    speakers = [voice.speaker for voice in cue.voices if voice.speaker]
    name = " & ".join(speakers).replace(",", ";")
    sung = has_times and sum(voice.language is None for voice in cue.voices) == 1
    text = "\\N".join(_voice(cue, voice, sung) for voice in cue.voices)
    return f"Dialogue: 0,{_clock(cue.start_ms)},{_clock(cue.end_ms)},Default,{name},0,0,0,,{text}\n"


def _voice(cue: Cue, voice: Voice, sung: bool) -> str:
    if voice.language:
        return "{\\rSecond}" + "\\N".join(line.translate(_MARKS) for line in voice.lines)
    if not sung:
        return "\\N".join(line.translate(_MARKS) for line in voice.lines)
    return _karaoke(cue, voice)


def _karaoke(cue: Cue, voice: Voice) -> str:
    """Each word lights up when it begins; together they last as long as the subtitle."""
    pieces = [piece for row in voice.rows for piece in row]
    starts = [_hundredths(_inside(piece, cue)) for piece in pieces]
    begin, end = _hundredths(cue.start_ms), _hundredths(cue.end_ms)
    lasts = [after - at for at, after in zip(starts, [*starts[1:], end], strict=True)]
    text = f"{{\\k{starts[0] - begin}}}" if starts[0] > begin else ""
    told = iter(lasts)
    lines = (
        "".join(f"{{\\k{next(told)}}}{piece.text.translate(_MARKS)}" for piece in row)
        for row in voice.rows
    )
    return text + "\\N".join(lines)


def _inside(piece: Piece, cue: Cue) -> int:
    return min(max(piece.start_ms, cue.start_ms), cue.end_ms)


def _hundredths(ms: int) -> int:
    return ms // 10


def _clock(ms: int) -> str:
    """`H:MM:SS.cc`."""
    minutes, rest = divmod(_hundredths(ms), 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"
