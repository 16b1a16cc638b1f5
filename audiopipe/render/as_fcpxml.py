"""Final Cut Pro's XML: a gap as long as the recording, with markers on it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from audiopipe.render.markers import CHAPTER, Marker, Timeline, flagged
from audiopipe.render.xml import document, legal
from audiopipe.settings import SubtitleSettings
from audiopipe.values.transcript import Transcript

VERSION = "1.9"
"""Read by Final Cut Pro from 10.4.9 on, and by Resolve and Premiere's converters."""


def render(transcript: Transcript, settings: SubtitleSettings) -> str:
    """The flags and gaps of a transcript as markers."""
    return written(flagged(transcript, settings))


def written(timeline: Timeline) -> str:
    """The markers of a timeline; chapters are chapter markers."""
    root = ET.Element("fcpxml", {"version": VERSION})
    resources = ET.SubElement(root, "resources")
    frame = {"frameDuration": _time(1, timeline), "width": "1920", "height": "1080"}
    ET.SubElement(resources, "format", {"id": "r1", **frame})
    name = legal(timeline.title)
    event = ET.SubElement(ET.SubElement(root, "library"), "event", {"name": name})
    start, length = _time(timeline.first, timeline), _time(timeline.length, timeline)
    sequence = ET.SubElement(
        ET.SubElement(event, "project", {"name": name}),
        "sequence",
        {"format": "r1", "duration": length, "tcStart": start, "tcFormat": "NDF"},
    )
    gap = ET.SubElement(
        ET.SubElement(sequence, "spine"),
        "gap",
        {"name": name, "offset": start, "start": start, "duration": length},
    )
    for marker in timeline.markers:
        _mark(gap, marker, timeline)
    return document(root, doctype="<!DOCTYPE fcpxml>\n")


def _mark(gap: ET.Element, marker: Marker, timeline: Timeline) -> None:
    told = {
        "start": _time(timeline.first + marker.start, timeline),
        "duration": _time(marker.length, timeline),
        "value": legal(marker.name),
    }
    if marker.note:
        told["note"] = legal(marker.note)
    if marker.colour == CHAPTER:
        ET.SubElement(gap, "chapter-marker", {**told, "posterOffset": "0s"})
    else:
        ET.SubElement(gap, "marker", told)


def _time(frames: int, timeline: Timeline) -> str:
    """Rational seconds, as `1001/30000s`."""
    seconds = frames / timeline.rate
    whole = seconds.denominator == 1
    return f"{seconds.numerator}s" if whole else f"{seconds.numerator}/{seconds.denominator}s"
