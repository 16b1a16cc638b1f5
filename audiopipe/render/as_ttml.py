"""Timed text in XML: W3C's IMSC 1.1, text profile, and EBU-TT-D (EBU Tech 3380).

Both place all subtitles in one region at the foot of the picture, and name in each paragraph who
speaks. They differ in how they call themselves, and in what EBU-TT-D wants besides: each text in a
span, cells, and padding of lines.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from audiopipe.render.cues import Cue, Voice, cues
from audiopipe.render.passages import title
from audiopipe.render.xml import document, legal
from audiopipe.settings import SubtitleSettings
from audiopipe.text.clocks import clock
from audiopipe.values.transcript import Transcript

_TT = "http://www.w3.org/ns/ttml"
_TTP, _TTS, _TTM = (f"{_TT}#{part}" for part in ("parameter", "styling", "metadata"))
_EBUTTM, _EBUTTS = "urn:ebu:tt:metadata", "urn:ebu:tt:style"
_ITTS = "http://www.w3.org/ns/ttml/profile/imsc1#styling"
_XML = "http://www.w3.org/XML/1998/namespace"
_PREFIXES = {"": _TT, "ttp": _TTP, "tts": _TTS, "ttm": _TTM}
_PREFIXES |= {"ebuttm": _EBUTTM, "ebutts": _EBUTTS, "itts": _ITTS}

_STANDARDS = ("urn:ebu:tt:distribution:2014-01", "http://www.w3.org/ns/ttml/profile/imsc1/text")
"""What an EBU-TT-D file says that it keeps to: both, as version 1.0.1 of Tech 3380 has it."""


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What one of the two says that the other does not: attributes of the root, fonts, the
    standards named in its metadata; and whether a file without a paragraph is none."""

    root: Mapping[str, str]
    fonts: str
    standards: tuple[str, ...] = ()
    needs_paragraph: bool = False


_IMSC = _Dialect(
    MappingProxyType(
        {f"{{{_TTP}}}contentProfiles": "http://www.w3.org/ns/ttml/profile/imsc1.1/text"}
    ),
    "proportionalSansSerif",
)
_EBU_TT_D = _Dialect(
    MappingProxyType({f"{{{_TTP}}}cellResolution": "32 15"}),
    # the list that the BBC's validator (github.com/bbc/ttml-validator) wants, word by word
    "ReithSans, Arial, Roboto, proportionalSansSerif, default",
    _STANDARDS,
    needs_paragraph=True,
)


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """IMSC 1.1 of the text profile (W3C Recommendation, 8 November 2018)."""
    return _written(transcript, settings, _IMSC)


def render_ebu(transcript: Transcript, settings: SubtitleSettings) -> str:
    """EBU-TT-D (EBU Tech 3380)."""
    return _written(transcript, settings, _EBU_TT_D)


def _written(transcript: Transcript, settings: SubtitleSettings, dialect: _Dialect) -> str:
    for prefix, uri in _PREFIXES.items():
        ET.register_namespace(prefix, uri)
    shown = cues(transcript, settings)
    speakers = dict.fromkeys(v.speaker for cue in shown for v in cue.voices if v.speaker)
    agents = {speaker: f"speaker{n}" for n, speaker in enumerate(speakers, 1)}
    root = ET.Element(
        f"{{{_TT}}}tt",
        {
            f"{{{_TTP}}}timeBase": "media",
            f"{{{_XML}}}lang": transcript.language or "",
            **dialect.root,
        },
    )
    _head(root, transcript, agents, dialect)
    body = ET.SubElement(root, f"{{{_TT}}}body")
    division = ET.SubElement(body, f"{{{_TT}}}div", {"style": "text"})
    for number, cue in enumerate(shown, 1):
        _paragraph(division, f"subtitle{number}", cue, agents)
    if not shown and dialect.needs_paragraph:
        _paragraph(division, "none", Cue(0, 0, ()), agents)
    return document(root, inline=f"{{{_TT}}}p")


def _head(
    root: ET.Element, transcript: Transcript, agents: Mapping[str, str], dialect: _Dialect
) -> None:
    head = ET.SubElement(root, f"{{{_TT}}}head")
    metadata = ET.SubElement(head, f"{{{_TT}}}metadata")
    ET.SubElement(metadata, f"{{{_TTM}}}title").text = legal(title(transcript))
    if dialect.standards:
        told = ET.SubElement(metadata, f"{{{_EBUTTM}}}documentMetadata")
        for standard in dialect.standards:
            ET.SubElement(told, f"{{{_EBUTTM}}}conformsToStandard").text = standard
    for speaker, name in agents.items():
        agent = ET.SubElement(
            metadata, f"{{{_TTM}}}agent", {f"{{{_XML}}}id": name, "type": "person"}
        )
        ET.SubElement(agent, f"{{{_TTM}}}name", {"type": "full"}).text = legal(speaker)
    styling = ET.SubElement(head, f"{{{_TT}}}styling")
    fonts = {f"{{{_TTS}}}fontFamily": dialect.fonts}
    ET.SubElement(styling, f"{{{_TT}}}style", {f"{{{_XML}}}id": "text", **_TEXT, **fonts})
    ET.SubElement(styling, f"{{{_TT}}}style", {f"{{{_XML}}}id": "words", **_WORDS})
    layout = ET.SubElement(head, f"{{{_TT}}}layout")
    ET.SubElement(layout, f"{{{_TT}}}region", {f"{{{_XML}}}id": "foot", **_FOOT})


_TEXT = {f"{{{_TTS}}}fontSize": "100%", f"{{{_TTS}}}lineHeight": "120%"}
_TEXT |= {f"{{{_TTS}}}textAlign": "center", f"{{{_ITTS}}}fillLineGap": "true"}
_TEXT |= {f"{{{_EBUTTS}}}linePadding": "0.5c"}
_WORDS = {f"{{{_TTS}}}color": "#ffffff", f"{{{_TTS}}}backgroundColor": "#000000"}
_FOOT = {f"{{{_TTS}}}origin": "10% 10%", f"{{{_TTS}}}extent": "80% 80%"}
_FOOT |= {f"{{{_TTS}}}displayAlign": "after", f"{{{_TTS}}}overflow": "visible"}
"""As the BBC's Subtitle Guidelines have it: letters of 6 to 7.5 % of the height of the picture (a
row of the 15 that a picture has by default), lines of 100 to 130 % of that, black behind all."""


def _paragraph(division: ET.Element, name: str, cue: Cue, agents: Mapping[str, str]) -> None:
    times = {"begin": clock(cue.start_ms), "end": clock(cue.end_ms)}
    paragraph = ET.SubElement(
        division, f"{{{_TT}}}p", {f"{{{_XML}}}id": name, "region": "foot", **times}
    )
    for number, voice in enumerate(cue.voices):
        if number:
            ET.SubElement(paragraph, f"{{{_TT}}}br")
        _span(paragraph, voice, agents)


def _span(paragraph: ET.Element, voice: Voice, agents: Mapping[str, str]) -> None:
    told = {f"{{{_XML}}}lang": voice.language} if voice.language else {}
    if voice.speaker:
        told[f"{{{_TTM}}}agent"] = agents[voice.speaker]
    span = ET.SubElement(paragraph, f"{{{_TT}}}span", {"style": "words", **told})
    first, *others = map(legal, voice.lines)
    span.text = first
    for line in others:
        ET.SubElement(span, f"{{{_TT}}}br").tail = line
