"""Documents of XML, as files of text."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even as a reference (its production 2)."""


def legal(text: str) -> str:
    """The text with U+FFFD for each character that no XML may hold."""
    return _ILLEGAL.sub("\ufffd", text)


def document(root: ET.Element, *, doctype: str = "", inline: str = "") -> str:
    """A whole file, indented.

    Args:
        root: its element.
        doctype: what stands before that, with its line end.
        inline: tag of the elements that hold text, between whose words no blanks may come.
    """
    _indent(root, "\n", inline)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + doctype
    return head + ET.tostring(root, encoding="unicode") + "\n"


def _indent(element: ET.Element, line: str, inline: str) -> None:
    if not len(element) or element.tag == inline:
        return
    element.text = line + " "
    for child in element:
        _indent(child, line + " ", inline)
        child.tail = line + " "
    element[-1].tail = line
