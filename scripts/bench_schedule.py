"""Works under limits, without limits, and through many files, and prints Markdown tables.

python scripts/bench_schedule.py                    all three parts
python scripts/bench_schedule.py --part limits      a free account, by a simulated clock
python scripts/bench_schedule.py --part overlap     preparing and recognising at the same time
python scripts/bench_schedule.py --part memory      10,000 files beside 1,000
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import soundfile

import audiopipe
from audiopipe.backends.catalog import limits_of
from audiopipe.backends.openai.transcribe import OpenAI
from audiopipe.concurrency import ordered_map
from audiopipe.limits.ledger import Turn
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.rules import Cost, Limits, Observed
from audiopipe.settings import Settings
from audiopipe.stages.chunk import Cutting
from audiopipe.values.audio import Chunk
from audiopipe.values.requests import Request
from audiopipe.workflows.plan import BYTES_PER_S

SPEED = 200
"""Seconds of audio that the server recognises in a second, each request by itself."""

LANES = 8
UPLOAD_S = 2.0
TUTORIAL_SLEEP_S = 60.0


def main() -> None:
    arguments = _arguments()
    if arguments.serve:
        _serve(arguments.serve)
    elif arguments.run:
        _run(arguments.run, arguments.folder, arguments.url, arguments.cache)
    else:
        parts = {"limits": _limits, "overlap": _overlap, "memory": _memory}
        for name, part in parts.items():
            if arguments.part in (name, None):
                part(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", choices=["limits", "overlap", "memory"], help="only this one")
    parser.add_argument("--files", type=int, default=1000, help="of the part limits")
    parser.add_argument("--hours", type=int, default=8, help="of the part overlap")
    parser.add_argument("--rounds", type=int, default=1, help="of the part overlap")
    parser.add_argument("--many", type=int, default=10_000, help="files of the part memory")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    return parser.parse_args()


# --- limits: a simulated clock --------------------------------------------------------------------


def _limits(arguments: argparse.Namespace) -> None:
    chance = random.Random(4)
    kinds = {
        "minutes to hours": [chance.lognormvariate(6.6, 1.2) for _ in range(arguments.files)],
        "voice notes": [chance.uniform(2, 20) for _ in range(arguments.files)],
    }
    print(f"\n{arguments.files} files on a free account, by a simulated clock\n")
    print("| files | hours | chunks | way | done after | to the bound | refused | sent in vain |")
    print("|---|---|---|---|---|---|---|---|")
    for kind, lengths_s in kinds.items():
        _compare(f"{kind} | {sum(lengths_s) / 3600:.0f}", sorted(lengths_s))


def _compare(files: str, lengths_s: Sequence[float]) -> None:
    limits, audio = limits_of("whisper-large-v3-turbo", "free"), list(_chunks_s(lengths_s))
    needed = Cost(requests=len(audio), audio_s=sum(audio))
    bound_s = max(
        (needed.of(each.rule.quantity) - each.units) / each.per_s for each in limits.allowances()
    )
    ways: dict[str, Callable[[Sequence[float], _Groq], float]] = {
        f"audiopipe, {LANES} at a time": _ours,
        "60 s after each refusal, one at a time": partial(_tutorial, lanes=1),
        f"60 s after each refusal, {LANES} at a time": partial(_tutorial, lanes=LANES),
    }
    for name, way in ways.items():
        groq = _Groq(limits)
        took_s = way(audio, groq)
        row = f"{took_s / 3600:.1f} h | {took_s / bound_s:.4f} | {groq.refused}"
        in_vain = f"{groq.refused_s * BYTES_PER_S['flac'] / 1e9:.0f} GB"
        print(f"| {files} | {len(audio)} | {name} | {row} | {in_vain} |", flush=True)


def _chunks_s(lengths_s: Sequence[float]) -> Iterator[float]:
    defaults = Settings()
    how = Cutting(defaults.chunk_length_s, defaults.overlap_s, 25_000_000)
    for seconds in lengths_s:
        count = how.count(seconds)
        yield from [(seconds + how.overlap_s * (count - 1)) / count] * count


class _Groq:
    """The provider's allowances, each refilling continuously, and a clock that is set by hand.

    What it refuses costs one request where there is room for it, and no audio.
    """

    def __init__(self, limits: Limits) -> None:
        self.now_s = 1e9
        self.refused = 0
        self.refused_s = 0.0
        self.limits = limits
        self._used = {each.rule.name: 0.0 for each in limits.allowances()}
        self._at_s = self.now_s

    def clock(self) -> float:
        return self.now_s

    def take(self, audio_s: float) -> float:
        """0 for a request that is accepted, else the seconds it would have to wait."""
        amounts = {"requests": 1.0, "audio_s": audio_s}
        waits_s = [0.0]
        for each in self.limits.allowances():
            name, amount = each.rule.name, amounts[each.rule.quantity]
            used = self._used[name] - (self.now_s - self._at_s) * each.per_s
            self._used[name] = max(0.0, used)
            waits_s.append((self._used[name] + amount - each.units) / each.per_s)
        self._at_s = self.now_s
        wait_s = max(waits_s)
        self.refused += wait_s > 1e-6
        self.refused_s += audio_s * (wait_s > 1e-6)
        for each in self.limits.allowances():
            amount = amounts[each.rule.quantity]
            if wait_s > 1e-6:
                amount = min(1.0, each.units - self._used[each.rule.name])
                amount *= each.rule.quantity == "requests"
            self._used[each.rule.name] += amount
        return wait_s if wait_s > 1e-6 else 0.0

    def headers(self) -> tuple[Observed, ...]:
        """What an answer tells: of requests a day and of audio an hour, in whole units."""
        told = [each for each in self.limits.allowances() if each.rule.name in ("rpd", "ash")]
        return tuple(
            Observed(each.rule.quantity, each.units, left, (each.units - left) / each.per_s)
            for each in told
            for left in [float(int(each.units - self._used[each.rule.name]))]
        )


@dataclass(order=True, slots=True)
class _Moment:
    """A request arrives at the server, or (with headers) its answer at home."""

    at_s: float
    turn: Turn = field(compare=False)
    headers: tuple[Observed, ...] | None = field(compare=False, default=None)


def _ours(audio: Sequence[float], groq: _Groq) -> float:
    """Seconds until the last answer with the real budget; time jumps to where something happens."""
    start_s, todo = groq.now_s, deque(audio)
    ahead: list[_Moment] = []
    waiting: list[Turn] = []
    chance = random.Random(5)
    with tempfile.TemporaryDirectory() as folder:
        budget = Limiter(Path(folder) / "budget.sqlite3", groq.clock)
        account = budget.account("server", "key", "model")
        while todo or waiting or ahead:
            while ahead and ahead[0].at_s <= groq.now_s:
                _happen(heapq.heappop(ahead), groq, budget, ahead, todo)
            asked = [budget.again(turn) for turn in waiting]
            while todo and len(asked) + len(ahead) < LANES:
                cost = Cost(audio_s=todo.popleft())
                asked.append(budget.ask(account, groq.limits, cost))
            for turn in asked:
                if turn.wait_s == 0:
                    arrives_s = groq.now_s + chance.uniform(0, UPLOAD_S)
                    heapq.heappush(ahead, _Moment(arrives_s, turn))
            waiting = [turn for turn in asked if turn.wait_s > 0]
            next_s = [moment.at_s for moment in ahead[:1]]
            next_s += [groq.now_s + turn.wait_s for turn in waiting[:1]]
            groq.now_s = min(next_s, default=groq.now_s)
        budget.close()
    return groq.now_s - start_s


def _happen(
    moment: _Moment, groq: _Groq, budget: Limiter, ahead: list[_Moment], todo: deque[float]
) -> None:
    turn = moment.turn
    if moment.headers is not None:
        budget.answered(turn, moment.headers)
    elif wait_s := groq.take(turn.cost.audio_s):
        budget.refused(turn, wait_s=wait_s)
        todo.appendleft(turn.cost.audio_s)
    else:
        answered_s = groq.now_s + turn.cost.audio_s / SPEED
        heapq.heappush(ahead, _Moment(answered_s, turn, groq.headers()))


def _tutorial(audio: Sequence[float], groq: _Groq, lanes: int) -> float:
    """Seconds until the last answer, with a fixed sleep after each refusal."""
    start_s, todo = groq.now_s, deque(audio)
    free = [(groq.now_s + lane, todo.popleft()) for lane in range(lanes)]
    while free:
        groq.now_s, audio_s = heapq.heappop(free)
        if groq.take(audio_s):
            heapq.heappush(free, (groq.now_s + TUTORIAL_SLEEP_S, audio_s))
        elif todo:
            heapq.heappush(free, (groq.now_s + UPLOAD_S / 2 + audio_s / SPEED, todo.popleft()))
    return groq.now_s - start_s


# --- overlap: a server without limits -------------------------------------------------------------


def _overlap(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name, _server(SPEED) as url, _server(math.inf) as quick:
        folder = Path(name)
        hours = [_hour(folder)] * arguments.hours
        run = partial(_transcribe, hours, folder)
        ways: dict[str, tuple[str, Callable[[OpenAI], None]]] = {
            "preparing alone": (url, lambda _: _prepare(hours)),
            "server alone": (
                url,
                partial(_send, chunks=list(audiopipe.prepare(hours[0])) * len(hours)),
            ),
            "one run, voices not checked": (url, partial(run, voice_check=False)),
            "one run": (url, run),
            "one run, with a server that takes no time": (quick, run),
        }
        best = dict.fromkeys(ways, (math.inf, math.inf))
        for _ in range(arguments.rounds):
            for way, (address, work) in ways.items():
                with _backend(address, folder) as backend:
                    best[way] = min(best[way], _measured_s(partial(work, backend)))
    print(f"\n{len(hours)} files of an hour, no limits, a server that takes 1/{SPEED} of real time")
    print(f"for each request; the best of {arguments.rounds}\n")
    print("| way | wall s | CPU s | ratio to the slower of the first two |\n|---|---|---|---|")
    slower_s = max(wall_s for wall_s, _ in [*best.values()][:2])
    for way, (wall_s, cpu_s) in best.items():
        print(f"| {way} | {wall_s:.1f} | {cpu_s:.1f} | {wall_s / slower_s:.2f} |", flush=True)


def _hour(folder: Path) -> Path:
    """An MP3 of stereo speech at 44.1 kHz."""
    script = Path(__file__).with_name("make_bench_audio.py")
    short, whole = folder / "short.mp3", folder / "hour.mp3"
    subprocess.run([sys.executable, script, "speech", short, "3"], check=True)
    subprocess.run([sys.executable, script, "repeat", whole, "20", short], check=True)
    return whole


def _timed(work: Callable[[], None]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


def _prepare(paths: Sequence[Path]) -> None:
    for path in paths:
        deque(audiopipe.prepare(path), maxlen=0)


def _measured_s(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU of this process; other processes lengthen the first, and the second a little."""
    start_s = time.process_time()
    wall_s = _timed(work)
    return wall_s, time.process_time() - start_s


def _send(backend: OpenAI, chunks: Sequence[Chunk]) -> None:
    request = backend.accept(Request("transcribe", ""))

    def ask(chunk: Chunk) -> bytes:
        return backend.ask(chunk, request, lambda seconds, _: time.sleep(seconds))

    deque(ordered_map(ask, chunks, workers=backend.workers), maxlen=0)


def _transcribe(
    sources: Iterable[Path],
    folder: Path,
    backend: OpenAI,
    *,
    cache: bool = False,
    voice_check: bool = True,
) -> None:
    settings = Settings(cache=cache, cache_dir=str(folder), voice_check=voice_check)
    for outcome in audiopipe.transcribe_many(sources, backend=backend, settings=settings):
        if outcome.error or not outcome.transcript or outcome.transcript.failures:
            raise SystemExit(f"{outcome.source} failed: {outcome.error}")


def _backend(url: str, folder: Path) -> OpenAI:
    return OpenAI(base_url=url, ledger=folder / "budget.sqlite3")


# --- memory: many files ---------------------------------------------------------------------------


def _memory(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name, _server(math.inf) as url:
        folder = Path(name)
        noise = np.random.default_rng(6)
        for number in range(arguments.many):
            samples = noise.integers(-3000, 3000, 8000, np.int16)
            soundfile.write(folder / f"{number}.wav", samples, 8000)
        few, many = (_measured(files, folder, url) for files in (1000, arguments.many))
    print("\nFiles of a second each, every answer stored\n")
    print("| files | peak MB | wall s | ratio of memory |\n|---|---|---|---|")
    for files, (peak_mb, wall_s) in ((1000, few), (arguments.many, many)):
        print(f"| {files} | {peak_mb:.1f} | {wall_s:.0f} | {peak_mb / few[0]:.2f} |", flush=True)


def _measured(files: int, folder: Path, url: str) -> tuple[float, float]:
    """Peak memory of one run in a process of its own, and the time it took."""
    command = ["--run", str(files), "--folder", str(folder), "--url", url]
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, __file__, *command, "--cache", cache],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    peak_mb, wall_s = map(float, done.stdout.split())
    return peak_mb, wall_s


def _run(files: int, folder: Path, url: str, cache: Path) -> None:
    with _backend(url, cache) as backend:
        sources = (folder / f"{number}.wav" for number in range(files))
        wall_s = _timed(lambda: _transcribe(sources, cache, backend, cache=True))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, wall_s)


# --- the server, in a process of its own ----------------------------------------------------------


@contextmanager
def _server(speed: float) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--serve", str(speed)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.terminate()
        process.wait()


def _serve(speed: float) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seconds = _flac_s(body)
            time.sleep(seconds / speed)
            answer = json.dumps(_heard(seconds)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def _flac_s(body: bytes) -> float:
    """Length of the FLAC in a form: STREAMINFO ends its counts with 36 bits of samples."""
    at = body.index(b"fLaC") + 18
    return (int.from_bytes(body[at : at + 8]) & 0xF_FFFF_FFFF) / 16_000


def _heard(seconds: float) -> dict[str, object]:
    segment = {"id": 0, "start": 0.0, "end": seconds, "text": " Yes.", "avg_logprob": -0.1}
    words = [{"word": "Yes", "start": 0.0, "end": min(0.5, seconds)}]
    told = {"task": "transcribe", "language": "english", "duration": seconds, "text": " Yes."}
    return {**told, "segments": [segment], "words": words}


if __name__ == "__main__":
    main()
