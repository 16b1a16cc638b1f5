"""A podcast there and back: fetched, transcribed, summarised, told by two hosts, spoken, scored.

python scripts/podcast_trip.py --minutes 30 --kills 20 [--recording talk.m4a]

The recording has a speaker on each channel; a feed, recognition, chat and speech are the server of
the tests, which hears and speaks words that can be told apart. With a recording of real voices it
is the embedded engine that hears, speakers too, and the embedded voice that speaks; the server
serves the feed, and chats. The trip is made once undisturbed,
and once killed at random moments and begun again. Ends with code 1 if the results differ, an
answered request was sent again, or the narration is not understood.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import av
import numpy as np
import soundfile as sf
from support import speechlike
from support.killing import GRACE_S, Watched

SENTENCE = speechlike.SENTENCE_WORDS
RATE_HZ = 16_000
MOST_WRONG = 0.05
REAL_MOST_WRONG = 0.15
"""Of words that a voice said and an engine heard: both make mistakes."""

STEPS: Sequence[Sequence[str]] = (
    ("fetch", "{feed}", "-o", "pods"),
    ("transcribe", "pods", "-o", "out", "-l", "en", "--channels", "split", "-f", "json,txt"),
    ("ask", "summary", "{told}", "-o", "notes"),
    ("ask", "dialogue", "{told}", "-o", "notes", "--hosts", "Eve,Max"),
    ("speak", "talk.md", "-o", "talk.m4b", "-l", "en", "--cover", "cover.png", "--title", "Talk"),
    ("transcribe", "talk.m4b", "-o", "heard", "-l", "en", "-f", "txt"),
)


REAL: Mapping[str, Sequence[str]] = {
    "transcribe": ("--backend", "local"),
    "speak": ("--backend", "local"),
}


def real(step: Sequence[str]) -> Sequence[str]:
    """A step by the engines of this machine; who speaks is told by the voices."""
    if "split" in step:
        at = step.index("--channels")
        step = (*step[:at], "--speakers", *step[at + 2 :])
    return (*step, *REAL.get(step[0], ()))


def cut(source: Path, path: Path, minutes: float) -> None:
    """The beginning of a recording of real voices, as FLAC."""
    left = round(minutes * 60 * RATE_HZ)
    with sf.SoundFile(path, "w", RATE_HZ, 1) as file, av.open(str(source)) as media:
        resampler = av.AudioResampler("s16", "mono", RATE_HZ)
        for frame in media.decode(audio=0):
            for part in resampler.resample(frame):
                file.write(part.to_ndarray()[0][:left])
                left -= part.samples
            if left <= 0:
                return


def shown(path: Path) -> list[str]:
    """What ffprobe does not find of chapters and a cover; nothing without ffprobe."""
    if not shutil.which("ffprobe"):
        return []
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters", "-show_streams"]
    told = json.loads(subprocess.run([*command, str(path)], capture_output=True, check=True).stdout)
    titles = [chapter["tags"]["title"] for chapter in told["chapters"]]
    has_cover = any(stream["disposition"]["attached_pic"] for stream in told["streams"])
    faults = [] if titles == ["Summary", "Talk"] else [f"the chapters are {titles}"]
    return faults if has_cover else [*faults, "there is no cover"]


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

    def __init__(self, folder: Path, server: Watched, sound: bytes, *, is_real: bool) -> None:
        self.folder, self.server = folder, server
        self.steps = [real(step) for step in STEPS] if is_real else STEPS
        self._feed = feed(server, sound)
        server.replies.clear()
        server.replies.extend([answer] * 100_000)
        picture(folder / "cover.png")
        self.environment = {**os.environ, **server.as_groq}
        self.took_s: list[float] = []
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

    def make(self, kills: int, dice: random.Random, took_s: Sequence[float]) -> list[float]:
        """Go all the way, killed so many times; the moments of the kills.

        Args:
            kills: of all steps together, as many of each.
            dice: say when.
            took_s: by the steps of an undisturbed trip, over which their kills are spread.
        """
        killed_s: list[float] = []
        for number, step in enumerate(self.steps):
            due, began_s = kills * (number + 1) // len(self.steps), time.monotonic()
            while True:
                running = self.begin(step)
                if left := due - len(killed_s):
                    time.sleep(dice.uniform(0.2, max(2.0, 1.5 * took_s[number] / (left + 1))))
                    if running.poll() is None:
                        running.send_signal(signal.SIGKILL)
                        killed_s.append(time.monotonic())
                code = running.wait(3600)
                if code == 0:
                    break
                if code != -signal.SIGKILL:
                    sys.exit(f"{step}: {code}: {(self.folder / 'stderr').read_text()[-600:]}")
            self.took_s.append(time.monotonic() - began_s)
        return killed_s

    def results(self) -> dict[str, str]:
        """What was made, by name."""
        paths = [*(self.folder / "out").rglob("*.txt"), self.folder / "talk.m4b"]
        paths += [*(self.folder / "notes").glob("*.txt"), self.folder / "talk.md"]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def score(self) -> float:
        """The share of words of the narration that are not heard again."""
        import jiwer
        from whisper_normalizer.english import EnglishTextNormalizer

        said = (self.folder / "talk.md").read_text().replace("*", "").replace("#", "")
        said = said.replace("Eve:", "").replace("Max:", "")
        heard = next((self.folder / "heard").glob("*.txt")).read_text()
        plain = EnglishTextNormalizer()
        return float(jiwer.wer(plain(said), plain(heard)))


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
    parser.add_argument("--recording", type=Path, help="of real voices, in English")
    asked = parser.parse_args()
    is_real = asked.recording is not None
    most_wrong = REAL_MOST_WRONG if is_real else MOST_WRONG
    dice, faults = random.Random(asked.seed), []
    with tempfile.TemporaryDirectory() as name:
        if is_real:
            cut(asked.recording, Path(name) / "talk.flac", asked.minutes)
        else:
            recording(Path(name) / "talk.flac", asked.minutes)
        sound = (Path(name) / "talk.flac").read_bytes()
        made, took_steps_s = [], [0.0] * len(STEPS)
        for kills in (0, asked.kills):
            folder = Path(name) / f"kills{kills}"
            folder.mkdir()
            with Watched() as server:
                trip = Trip(folder, server, sound, is_real=is_real)
                began_s = time.monotonic()
                killed_s = trip.make(kills, dice, took_steps_s)
                took_steps_s = trip.took_s
                again, wrong = asked_again(server, killed_s), trip.score()
                took_s = time.monotonic() - began_s
                made.append(trip.results())
                print(
                    f"{len(killed_s)} kills: {len(server.log)} requests in {took_s:.0f} s, asked "
                    f"again {again}, words not understood {wrong:.1%}",
                    flush=True,
                )
            faults += ["an answered request was sent again"] * bool(again)
            faults += ["the narration is not understood"] * (wrong > most_wrong)
            faults += shown(folder / "talk.m4b")
    if made[0] != made[1]:
        faults.append("the results are not those of the undisturbed trip")
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
