"""The chunks of a recording as files, with a manifest, for use elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audiopipe.data import RATE_HZ, Chunk
from audiopipe.render.files import write

MANIFEST = "manifest.json"


def write_chunks(chunks: Iterable[Chunk], source: str, folder: Path) -> None:
    """Write chunks as 000.flac and so on, and in the end the manifest.

    Args:
        chunks: of one recording, in order; they are written as they come.
        source: what the manifest calls it.
        folder: made if missing.

    Raises:
        OutputError: a file cannot be written.
    """
    rows = []
    for chunk in chunks:
        path = folder / f"{chunk.window.index:03}.{chunk.format}"
        write(chunk.data, path)
        rows.append(_row(chunk, path.name))
    manifest = {"source": source, "rate_hz": RATE_HZ, "chunks": rows}
    write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", folder / MANIFEST)


def _row(chunk: Chunk, name: str) -> dict[str, Any]:
    """Times in seconds of the recording; `core` is the part that no other chunk owns."""
    span, core = chunk.window.span, chunk.window.core
    row: dict[str, Any] = {
        "file": name,
        "start": span.start_s,
        "end": span.end_s,
        "core": [core.start_s, core.end_s],
        "bytes": len(chunk.data),
        "sha256": chunk.sha256,
    }
    if len(chunk.window.stretches) > 1:
        row["stretches"] = [[each.start_s, each.end_s] for each in chunk.window.stretches]
    return row
