"""The editor beside ours: the BBC's react-transcript-editor (MIT), as npm gives it.

It is installed and bundled in a folder of its own by `npm` and esbuild; nothing of it stays.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from audiopipe.values.transcript import Transcript

PACKAGES = {
    "@bbc/react-transcript-editor": "1.4.4",
    "esbuild": "0.25.11",
    "react": "16.14.0",
    "react-dom": "16.14.0",
}

_APP = """
import React from "react";
import ReactDOM from "react-dom";
import TranscriptEditor from "@bbc/react-transcript-editor";
const told = JSON.parse(document.getElementById("told").textContent);
ReactDOM.render(
  React.createElement(TranscriptEditor, {
    transcriptData: told, sttJsonType: "digitalpaperedit", mediaUrl: "ten-hours.mp3",
    mediaType: "audio", isEditable: true, title: "Ten hours",
  }),
  document.getElementById("app"),
);
"""


def installed(folder: Path) -> Path:
    """The editor's bundle, made in a folder.

    Raises:
        subprocess.CalledProcessError, FileNotFoundError: npm is not there, or cannot be reached.
    """
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}))
    (folder / "app.js").write_text(_APP)
    npm = "npm install --no-audit --no-fund --legacy-peer-deps --ignore-scripts"
    subprocess.run(npm.split(), cwd=folder, check=True, capture_output=True)
    build = "node_modules/.bin/esbuild app.js --bundle --minify --outfile=bundle.js"
    settings = ("--define:process.env.NODE_ENV='production'", "--define:global=window")
    subprocess.run([*build.split(), *settings], cwd=folder, check=True, capture_output=True)
    return folder / "bundle.js"


def written(transcript: Transcript, bundle: Path) -> Path:
    """The editor's page of a transcript: the same words, times and speakers."""
    told = json.dumps(_told(transcript)).replace("<", "\\u003c")
    path = bundle.with_name("peer.html")
    path.write_text(
        "<!doctype html><meta charset=utf-8><div id=app></div>"
        f'<script type="application/json" id="told">{told}</script>'
        f"<script>{bundle.read_text('utf-8')}</script>"
    )
    return path


def _told(transcript: Transcript) -> dict[str, Any]:
    """Its words and paragraphs in the form that the editor calls digitalpaperedit."""
    words = [
        {"id": n, "start": w.span.start_s, "end": w.span.end_s, "text": w.text.strip()}
        for n, w in enumerate(word for each in transcript.segments for word in each.words)
    ]
    paragraphs = [
        {"id": n, "start": s.span.start_s, "end": s.span.end_s, "speaker": s.speaker or "U_UKN"}
        for n, s in enumerate(transcript.segments)
    ]
    return {"words": words, "paragraphs": paragraphs}
