"""A book of 20 chapters into one m4b: memory, chapters by ffprobe, and a rerun that asks nothing.

python scripts/check_audiobook.py --words 400

The book is an EPUB made here, spoken by the server of the tests. Ends with code 1 if the chapters
are not the book's, a rerun asks for anything, or the process held 500 MB or more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import speechlike
from support.server import Server

MOST_MB = 500
CONTAINER = '<container><rootfiles><rootfile full-path="book.opf"/></rootfiles></container>'


def make_book(path: Path, chapters: int, words: int) -> list[str]:
    """Write the book; its titles."""
    titles = [f"Chapter {n}" for n in range(1, chapters + 1)]
    ids = range(chapters)
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="text/html"/>' for n in ids)
    nav = '<item id="n" href="nav.xhtml" properties="nav" media-type="text/html"/>'
    spine = "".join(f'<itemref idref="c{n}"/>' for n in ids)
    links = "".join(f'<a href="c{n}.xhtml">{titles[n]}</a>' for n in ids)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr(
            "book.opf",
            "<package><metadata><title>The Book</title><creator>Ann Lee</creator>"
            f"<language>en</language></metadata><manifest>{items}{nav}</manifest>"
            f"<spine>{spine}</spine></package>",
        )
        book.writestr("nav.xhtml", f"<html><body><nav>{links}</nav></body></html>")
        for n in ids:
            starts = range(n * words, (n + 1) * words, 50)
            paragraphs = "".join(f"<p>{speechlike.text(range(at, at + 50))}</p>" for at in starts)
            book.writestr(f"c{n}.xhtml", f"<html><body>{paragraphs}</body></html>")
    return titles


def spoken(folder: Path, server: Server) -> tuple[float, float]:
    """Seconds and the most MB that speaking the book took."""
    environment = {**os.environ, **server.as_groq, "AUDIOPIPE_CACHE_DIR": str(folder / "cache")}
    environment |= {"AUDIOPIPE_LIMITS": "rpm=none,rpd=none,tpm=none,tpd=none"}
    command = [
        sys.executable,
        "-m",
        "audiopipe",
        "speak",
        "book.epub",
        "-o",
        "book.m4b",
        "-l",
        "en",
    ]
    began_s = time.monotonic()
    running = subprocess.Popen([*command, "-q"], cwd=folder, env=environment)
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        sys.exit(f"speak ended with {running.returncode}")
    return time.monotonic() - began_s, usage.ru_maxrss / 1024


def chapters_of(path: Path) -> list[tuple[str, float, float]]:
    """Titles and times, as ffprobe reads them."""
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [
        (each["tags"]["title"], float(each["start_time"]), float(each["end_time"]))
        for each in told["chapters"]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chapters", type=int, default=20)
    parser.add_argument("--words", type=int, default=400, help="of each, 0.5 s a word")
    asked = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as name, Server() as server:
        folder = Path(name)
        titles = make_book(folder / "book.epub", asked.chapters, asked.words)
        took_s, most_mb = spoken(folder, server)
        sent = len(server.seen)
        found = chapters_of(folder / "book.m4b")
        again_s, _ = spoken(folder, server)
        more = len(server.seen) - sent
    touching = all(one[2] == other[1] for one, other in pairwise(found))
    length_s = found[-1][2] if found else 0.0
    print(f"{length_s / 60:.1f} min, {sent} requests in {took_s:.1f} s, at most {most_mb:.0f} MB")
    print(f"{len(found)} chapters by ffprobe; a rerun: {more} requests, {again_s:.1f} s")
    if [title for title, _, _ in found] != titles or not touching:
        faults.append("the chapters are not the book's")
    if more:
        faults.append("a rerun asked again")
    if most_mb >= MOST_MB:
        faults.append(f"more than {MOST_MB} MB")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
