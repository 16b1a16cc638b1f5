"""Server-sent events, as the HTML standard reads them (section 9.2.6)."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator


def data_of(pieces: Iterable[bytes]) -> Iterator[str]:
    """The data of each event that has some; of an event of type `error` as `{"error": ...}`.

    Lines end at line feeds, carriage returns or both, and nowhere else: JSON may hold the other
    separators that Unicode knows. Comments and events without data are left out. The last event
    counts without an empty line behind it, if it is whole.

    Args:
        pieces: the body, cut anywhere.
    """
    data: list[str] = []
    kind = ""
    for line in _lines(pieces):
        if not line:
            if any(data):
                yield _event(kind, "\n".join(data))
            data, kind = [], ""
            continue
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
    last = "\n".join(data).strip()
    if last.endswith(("}", "[DONE]")):
        yield _event(kind, last)


def _event(kind: str, data: str) -> str:
    if kind != "error" or '"error"' in data:
        return data
    return json.dumps({"error": {"message": data}})


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    begun, after_return = bytearray(), False
    first = True
    for piece in pieces:
        if not piece:
            continue
        if first and len(begun) + len(piece) >= len(codecs.BOM_UTF8):
            piece, first = (bytes(begun) + piece).removeprefix(codecs.BOM_UTF8), False
            begun.clear()
        elif first:
            begun += piece
            continue
        if after_return:
            piece = piece.removeprefix(b"\n")
        after_return = piece.endswith(b"\r") or (after_return and not piece)
        *lines, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield bytes(begun) + line
            begun.clear()
        begun += rest
    if begun:
        yield bytes(begun)
