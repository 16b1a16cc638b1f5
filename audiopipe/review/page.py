"""The page as one file: scripts, style and data in their places."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from audiopipe.review.document import tables

SCRIPTS = (
    "text.js",
    "words.js",
    "model.js",
    "divided.js",
    "formats.js",
    "units.js",
    "cues.js",
    "journal.js",
    "player.js",
    "review.js",
    "panel.js",
    "search.js",
    "keys.js",
    "index.js",
    "served.js",
    "main.js",
)
"""In this order they are one script; the last one begins."""

_OUTSIDE = "img-src data:; base-uri 'none'; form-action 'none'"


def page(
    documents: Sequence[Mapping[str, Any]],
    title: str,
    batch: Mapping[str, Any],
    *,
    scripts: Sequence[str] = SCRIPTS,
    connect: str = "'none'",
    media: str = "file: data: blob:",
) -> str:
    """The page.

    Args:
        documents: a transcript each, see `document.document`.
        title: what it is called.
        batch: what the list of files shows.
        scripts: names in `static`.
        connect, media: what its policy lets it ask, and play.
    """
    style = asset("page.css")
    script = f"(() => {{\n'use strict';\n{''.join(map(asset, scripts))}}})();\n"
    told = {**tables(), "page": batch}
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        f"connect-src {connect}; media-src {media}; {_OUTSIDE}"
    )
    data = "\n".join(
        f'<script type="application/json" class="transcript">{inert(each)}</script>'
        for each in documents
    )
    parts = {
        "POLICY": escape(policy),
        "TITLE": escape(title),
        "STYLE": style,
        "TABLES": inert(told),
        "DATA": data,
        "SCRIPT": script,
    }
    # split once, so that nothing in the data is taken for a place
    first, *rest = asset("page.html").split("@@")
    return first + "".join(
        parts[piece] if place % 2 == 0 else piece for place, piece in enumerate(rest)
    )


def asset(name: str) -> str:
    """A file of `static`."""
    return (files("audiopipe.review") / "static" / name).read_text("utf-8")


def inert(value: object) -> str:
    """A value as JSON that no browser takes for anything else, whatever is in its texts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
