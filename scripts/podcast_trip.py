"""A podcast there and back: fetched, transcribed, summarised, told by two hosts, spoken, scored.

python scripts/podcast_trip.py --minutes 30 --kills 20

The recording has a speaker on each channel; a feed, recognition, chat and speech are the server of
the tests, which hears and speaks words that can be told apart. The trip is made once undisturbed,
and once killed at random moments and begun again. Ends with code 1 if the results differ, an
answered request was sent again, or the narration is not understood.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import soundfile as sf
from support import speechlike
from support.killing import GRACE_S, Watched

SENTENCE = speechlike.SENTENCE_WORDS
RATE_HZ = 16_000
MOST_WRONG = 0.05
STEPS: Sequence[Sequence[str]] = (
    ("fetch", "{feed}", "-o", "pods"),
    ("transcribe", "pods", "-o", "out", "-l", "en", "--channels", "split", "-f", "json,txt"),
    ("ask", "summary", "{told}", "-o", "notes"),
    ("ask", "dialogue", "{told}", "-o", "notes", "--hosts", "Eve,Max"),
    ("speak", "talk.md", "-o", "talk.m4b", "-l", "en", "--cover", "cover.png", "--title", "Talk"),
    ("transcribe", "talk.m4b", "-o", "heard", "-l", "en", "-f", "txt"),
)


def recording(path: Path, minutes: float) -> None:
    """A talk of two, in turns of a sentence, each on a channel."""
    sentences = round(minutes * 60 / (SENTENCE * speechlike.WORD_S))
    with sf.SoundFile(path, "w", RATE_HZ, 2) as file:
        for n in range(sentences):
            said = speechlike.make_recording(SENTENCE, RATE_HZ, first=SENTENCE * n)
            both = np.zeros((len(said), 2), np.float32)
            both[:, n % 2] = said
            file.write(both)


def picture(path: Path) -> None:
    """A cover."""
    import av

    with av.open(str(path), "w", format="image2") as out:
        stream: Any = out.add_stream("png", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "rgb24"
        frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def answer(body: dict[str, Any]) -> str:
    """The scripted model: the first sentences are the summary; each line is a turn of a host."""
    prompt, text = (turn["content"] for turn in body["messages"][:2])
    if "into a dialogue" not in prompt:
        lines = [line.rpartition(": ")[2].rpartition("] ")[2] for line in text.splitlines()]
        return json.dumps({"summary": " ".join(lines[:3])})
    turns = []
    for line in text.splitlines():
        number, _, said = line.partition(": ")
        host = ("Eve", "Max")[int(number) % 2]
        turns.append({"speaker": host, "text": said, "lines": [int(number)]})
    return json.dumps({"turns": turns})


def feed(server: Watched, sound: bytes) -> str:
    """A feed with one episode."""
    server.files["talk.flac"] = sound
    server.files["feed.xml"] = (
        '<rss version="2.0"><channel><title>Pod</title><item><title>Talk</title><guid>1</guid>'
        "<pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate>"
        f'<enclosure url="{server.url_of("talk.flac")}" type="audio/flac" length="{len(sound)}"/>'
        "</item></channel></rss>"
    ).encode()
    return server.url_of("feed.xml")


class Trip:
    """The steps in a folder, with a server of its own."""

    def __init__(self, folder: Path, server: Watched, sound: bytes) -> None:
        self.folder, self.server = folder, server
        self._feed = feed(server, sound)
        server.replies.clear()
        server.replies.extend([answer] * 100_000)
        picture(folder / "cover.png")
        self.environment = {**os.environ, **server.as_groq}
        self.environment |= {
            "AUDIOPIPE_CACHE_DIR": str(folder / "cache"),
            "AUDIOPIPE_LIMITS": "rpm=none,rpd=none,tpm=none,tpd=none,ash=none,asd=none",
        }

    def begin(self, step: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a step; the script of the narration is written before it is spoken."""
        found = [p for p in (self.folder / "out").rglob("*.json") if p.name != "batch.json"]
        stem = found[0].stem if found else ""
        told = str(found[0].relative_to(self.folder)) if found else ""
        if step[0] == "speak":
            summary, told = (
                (self.folder / "notes" / f"{stem}.{job}.txt").read_text()
                for job in ("summary", "dialogue")
            )
            (self.folder / "talk.md").write_text(f"# Summary\n\n{summary}\n\n# Talk\n\n{told}")
        words = [each.format(feed=self._feed, told=told) for each in step]
        with (self.folder / "stderr").open("ab") as said:
            command = [sys.executable, "-m", "audiopipe", *words]
            return subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=said, stderr=said
            )

    def make(self, kills: int, dice: random.Random) -> list[float]:
        """Go all the way, killed so many times; the moments of the kills."""
        killed_s: list[float] = []
        for number, step in enumerate(STEPS):
            due = kills * (number + 1) // len(STEPS)
            while True:
                running = self.begin(step)
                if len(killed_s) < due:
                    time.sleep(dice.uniform(0.2, 4))
                    if running.poll() is None:
                        running.send_signal(signal.SIGKILL)
                        killed_s.append(time.monotonic())
                code = running.wait(900)
                if code == 0:
                    break
                if code != -signal.SIGKILL:
                    sys.exit(f"{step}: {code}: {(self.folder / 'stderr').read_text()[-600:]}")
        return killed_s

    def results(self) -> dict[str, str]:
        """What was made, by name."""
        paths = [*(self.folder / "out").rglob("*.txt"), self.folder / "talk.m4b"]
        paths += [*(self.folder / "notes").glob("*.txt"), self.folder / "talk.md"]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def score(self) -> float:
        """The share of words of the narration that are not heard again."""
        import jiwer

        said = (self.folder / "talk.md").read_text().replace("*", "").replace("#", "")
        said = said.replace("Eve:", "").replace("Max:", "")
        heard = next((self.folder / "heard").glob("*.txt")).read_text()
        one, other = (" ".join(text.lower().split()) for text in (said, heard))
        return float(jiwer.wer(one, other))


def asked_again(server: Watched, killed_s: Sequence[float]) -> int:
    """Requests whose answer had arrived well before a kill, and that were sent once more."""
    before: dict[str, float] = {}
    again = 0
    for name, answered_s in server.log:
        if name in before and not name.startswith(("talk", "feed")):
            again += not any(at_s - GRACE_S < before[name] for at_s in killed_s)
        before[name] = answered_s
    return again


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice, faults = random.Random(asked.seed), []
    with tempfile.TemporaryDirectory() as name:
        recording(Path(name) / "talk.flac", asked.minutes)
        sound = (Path(name) / "talk.flac").read_bytes()
        made = []
        for kills in (0, asked.kills):
            folder = Path(name) / f"kills{kills}"
            folder.mkdir()
            with Watched() as server:
                trip = Trip(folder, server, sound)
                began_s = time.monotonic()
                killed_s = trip.make(kills, dice)
                again, wrong = asked_again(server, killed_s), trip.score()
                took_s = time.monotonic() - began_s
                made.append(trip.results())
                print(
                    f"{len(killed_s)} kills: {len(server.log)} requests in {took_s:.0f} s, asked "
                    f"again {again}, words not understood {wrong:.1%}",
                    flush=True,
                )
            faults += ["an answered request was sent again"] * bool(again)
            faults += ["the narration is not understood"] * (wrong > MOST_WRONG)
    if made[0] != made[1]:
        faults.append("the results are not those of the undisturbed trip")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
