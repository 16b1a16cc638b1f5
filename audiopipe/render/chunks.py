"""The chunks of a recording as files, with a manifest, for use elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audiopipe.render.files import write
from audiopipe.values.audio import RATE_HZ, Chunk
from audiopipe.values.transcript import Failure

MANIFEST = "manifest.json"


def write_chunks(pieces: Iterable[Chunk | Failure], source: str, folder: Path) -> bool:
    """Write chunks as 000.flac and so on, and in the end the manifest.

    Args:
        pieces: of one recording: chunks, written as they come, and what is in none of them.
        source: what the manifest calls it.
        folder: made if missing.

    Returns:
        Whether the recording lacks a passage.

    Raises:
        OutputError: a file cannot be written.
    """
    rows, losses = [], []
    for piece in pieces:
        if isinstance(piece, Failure):
            span = {"start": piece.span.start_s, "end": piece.span.end_s}
            losses.append({**span, "reason": piece.reason})
            continue
        path = folder / f"{piece.window.index:03}.{piece.format}"
        write(piece.data, path)
        rows.append(_row(piece, path.name))
    manifest = {"source": source, "rate_hz": RATE_HZ, "chunks": rows, "failures": losses}
    write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", folder / MANIFEST)
    return bool(losses)


def _row(chunk: Chunk, name: str) -> dict[str, Any]:
    """Times in seconds of the recording; `core` is the part that no other chunk owns."""
    span, core = chunk.window.span, chunk.window.core
    row: dict[str, Any] = {
        "file": name,
        "start": span.start_s,
        "end": span.end_s,
        "core": [core.start_s, core.end_s],
        "bytes": len(chunk.data),
        "sha256": hashlib.sha256(chunk.data).hexdigest(),
    }
    if len(chunk.window.stretches) > 1:
        row["stretches"] = [[each.start_s, each.end_s] for each in chunk.window.stretches]
    return row
