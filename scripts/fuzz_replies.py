"""Mutated replies, headers and stored rows: whatever comes, it is an answer or an AudiopipeError.

    python scripts/fuzz_replies.py [COUNT [SEED]]

Each of COUNT (20,000) inputs is a good reply, good headers or a good row with a few changes: bytes
and numbers swapped, parts cut, doubled or nested, types exchanged. Told in the end: how many of
each kind were answers and how many errors, the longest time and the most memory that one took.
"""

from __future__ import annotations

import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiopipe.backends.http.errors import dictated_wait_s, fault, told_in
from audiopipe.backends.http.quota import observed, refusal, spent_tokens
from audiopipe.backends.http.reply import Reply
from audiopipe.backends.http.unpack import unpacked
from audiopipe.backends.wire import parse_transcription
from audiopipe.backends.wire.chat import completion, event
from audiopipe.backends.wire.events import data_of
from audiopipe.backends.wire.shape import answer_of, body_of
from audiopipe.errors import AudiopipeError
from audiopipe.limits.limiter import Limiter
from audiopipe.limits.rules import Cost, Limits
from audiopipe.stages.flag import flag
from audiopipe.stages.flag.thresholds import thresholds_for
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import ChunkTranscript

ASK = Request("transcribe", "whisper-large-v3-turbo")
WINDOW = Window(2, (Span(100, 160), Span(170, 290)), Span(100, 290))
NOW_S = 1_800_000_000.0
MOST_S, MOST_MB = 5.0, 500.0
"""What one input may take."""

_TEXT = "And so my fellow Americans, ask not what your country can do for you."
_WORDS: list[dict[str, Any]] = [
    {"word": word, "start": n * 0.7, "end": n * 0.7 + 0.5} for n, word in enumerate(_TEXT.split())
]
_SEGMENT = {
    "id": 0,
    "seek": 0,
    "start": 0.0,
    "end": 9.8,
    "text": f" {_TEXT}",
    "tokens": [50365, 400],
    "temperature": 0,
    "avg_logprob": -0.1,
    "compression_ratio": 1.3,
    "no_speech_prob": 0.01,
}
_VERBOSE: dict[str, Any] = {
    "task": "transcribe",
    "language": "English",
    "duration": 180.0,
    "text": _TEXT,
    "segments": [_SEGMENT, {**_SEGMENT, "start": 20.0, "end": 24.0}],
    "words": _WORDS,
}
_CHAT: dict[str, Any] = {
    "model": "m",
    "choices": [{"index": 0, "message": {"content": _TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14},
}
_EVENTS = "".join(
    f"data: {json.dumps({'choices': [{'delta': {'content': each}}]})}\n\n" for each in "abc"
)
_SRT = "1\n00:00:01,000 --> 00:00:02,500\nHello\n\n2\n00:00:04,000 --> 00:00:05,000\nBye\n"
_REFUSED = {
    "error": {
        "message": "Rate limit reached on seconds of audio per hour (ASPH): Limit 7200, Used 7170, "
        "Requested 230. Please try again in 1m39.738s.",
        "code": "rate_limit_exceeded",
    }
}
_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "retry-after": "2",
    "retry-after-ms": "1500",
    "date": "Thu, 01 Jan 2026 00:00:00 GMT",
    "x-ratelimit-limit-requests": "2000",
    "x-ratelimit-remaining-requests": "1998",
    "x-ratelimit-reset-requests": "1m26.4s",
    "x-ratelimit-limit-audio-seconds": "7200",
    "x-ratelimit-remaining-audio-seconds": "7198",
    "x-ratelimit-reset-audio-seconds": "1s",
}
_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, 10**30, 0.5, "", "x", "nan", "\ud83d", "\x1b[2J\r\x00"),
    *([], {}, [None], {"a": 1}, "1e999", "<html></html>", "ja " * 3000, "<|en|>", "a" * 20_000),
    *("00:00:01.000 --> 00:00:02.000", "\u202e", "<" * 3000, "-->" * 1000, "9" * 400, 2**63),
)


def changed(value: Any, dice: random.Random) -> Any:
    """The value with one part of it changed."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        name = dice.choice(list(value))
        if dice.random() < 0.15:
            return {key: each for key, each in value.items() if key != name}
        return {**value, name: changed(value[name], dice)}
    if isinstance(value, list) and value and dice.random() < 0.8:
        place = dice.randrange(len(value))
        if dice.random() < 0.2:
            return value[:place] + value[place:] * dice.choice((2, 50))
        return [*value[:place], changed(value[place], dice), *value[place + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and dice.random() < 0.5:
        return value * dice.choice((-1, 1000, 1e9, 1e-9, 1e300))
    return dice.choice(_ODD)


def garbled(data: bytes, dice: random.Random) -> bytes:
    """The bytes with some exchanged, cut or doubled."""
    made = bytearray(data)
    for _ in range(dice.randint(0, 4)):
        place = dice.randrange(len(made) + 1)
        match dice.randrange(5):
            case 0:
                made[place : place + 1] = bytes([dice.randrange(256)])
            case 1:
                del made[place:]
            case 2:
                made[place:place] = dice.choice((b"[" * 5000, b"\xff\xfe", b"<", b"\x00", b"-->"))
            case 3:
                made[place:place] = made[place : place + 200] * dice.choice((1, 30))
            case 4:
                del made[place : place + dice.randint(1, 30)]
    return bytes(made)


def body(of: Any, dice: random.Random) -> bytes:
    for _ in range(dice.randint(0, 3)):
        of = changed(of, dice)
    data = of.encode("utf-8", "replace") if isinstance(of, str) else json.dumps(of).encode()
    return garbled(data, dice) if dice.random() < 0.4 else data


def transcripts(dice: random.Random) -> None:
    data = body(dice.choice((_VERBOSE, _VERBOSE, {"text": _TEXT}, _TEXT, _SRT)), dice)
    kind = dice.choice(("application/json", "text/plain", "text/vtt", "", "text/html; charset=x"))
    reply = Reply(200, {"content-type": kind}, data)
    if told_in(reply):
        raise fault(reply, "a chunk", NOW_S)
    parsed = parse_transcription(body_of(answer_of(data, kind).encode()), WINDOW, ASK)
    heard = ChunkTranscript(
        WINDOW, parsed.language, parsed.segments, Usage(), anomalies=parsed.anomalies
    )
    for each in flag(heard, thresholds=thresholds_for(ASK.model, ())).flags:
        assert WINDOW.span.start_s <= each.span.start_s <= each.span.end_s
    for a, b in zip(parsed.segments, parsed.segments[1:], strict=False):
        assert a.span.end_s <= b.span.start_s


def chats(dice: random.Random) -> None:
    completion(body(_CHAT, dice))


def streams(dice: random.Random) -> None:
    data = garbled(_EVENTS.encode(), dice)
    cut = dice.randrange(len(data) + 1)
    for each in data_of(iter((data[:cut], data[cut:]))):
        event(each)


def refusals(dice: random.Random) -> None:
    headers = {
        name: str(dice.choice(_ODD))[:500] if dice.random() < 0.3 else text
        for name, text in _HEADERS.items()
    }
    reply = Reply(dice.choice((200, 400, 413, 422, 429, 500, 999)), headers, body(_REFUSED, dice))
    wait_s = dictated_wait_s(reply, NOW_S)
    assert wait_s is None or 0 <= wait_s <= 90_000
    refusal(reply)
    spent_tokens(reply, 100)
    for each in observed(reply, NOW_S):
        each.rule()
    line = str(fault(reply, "a chunk", NOW_S, optional=("temperature", "prompt")))
    assert line.isprintable() and len(line) < 2000


def packed(dice: random.Random) -> None:
    import gzip

    data = garbled(gzip.compress(body(_VERBOSE, dice)), dice)
    name = dice.choice(("gzip", "deflate", "br", "gzip, gzip", ""))
    assert sum(map(len, unpacked(iter((data[:9], data[9:])), name))) < 1 << 26


class Rows:
    """A ledger whose rows are changed between the questions."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "budget.sqlite3"
        self._limiter = Limiter(self._path, lambda: NOW_S)
        self._account = self._limiter.account("http://host/v1", "key", ASK.model)
        self._db = sqlite3.connect(self._path, isolation_level=None)

    def __call__(self, dice: random.Random) -> None:
        table, columns = dice.choice(
            (
                ("buckets", ("rule", "used", "at_s")),
                ("told", ("rule", "units", "at_s")),
                ("pauses", ("until_s",)),
                ("facts", ("what", "value", "at_s")),
                ("requests", ("requests", "tokens", "audio_s", "asked_s", "sent_s")),
            )
        )
        values = dice.choice((-1, 0, 1e300, 9e999, "x", b"\xff", NOW_S + 3e7, NOW_S, 0.001, 2**62))
        self._db.execute(f"UPDATE OR IGNORE {table} SET {dice.choice(columns)} = ?", (values,))
        limits = Limits(rpm=20, rpd=2000, ash=7200)
        turn = self._limiter.ask(self._account, limits, Cost(audio_s=10))
        assert 0 <= turn.wait_s <= 2 * 90_000
        if turn.wait_s == 0:
            headers = {**_HEADERS, "x-ratelimit-remaining-requests": str(dice.randint(0, 2000))}
            self._limiter.answered(turn, observed(Reply(200, headers, b""), NOW_S))
        else:
            self._limiter.refused(turn, rule="ash", used=dice.random() * 9000, limit=7200, wait_s=5)
            self._limiter.forget()
        self._limiter.learn("http://host/v1", ASK.model, "temperature", "")
        self._limiter.known()

    def close(self) -> None:
        self._db.close()
        self._limiter.close()


def campaign(count: int, seed: int) -> tuple[Counter[str], float]:
    """So many inputs; how each kind ended, and the seconds that the longest took.

    Raises:
        AssertionError: one was neither an answer nor an AudiopipeError, or took too much.
    """
    ended: Counter[str] = Counter()
    longest_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        rows = Rows(Path(folder))
        kinds: tuple[tuple[str, Callable[[random.Random], None]], ...] = (
            *(("transcript", transcripts), ("transcript", transcripts), ("refusal", refusals)),
            *(("chat", chats), ("stream", streams), ("packed", packed), ("row", rows)),
        )
        for number in range(count):
            name, run = kinds[number % len(kinds)]
            began_s = time.process_time()
            try:
                run(random.Random(f"{seed} {number}"))
                ended[f"{name}: answers"] += 1
            except AudiopipeError:
                ended[f"{name}: errors"] += 1
            except Exception as error:
                raise AssertionError(f"input {number} of seed {seed} ({name})") from error
            took_s = time.process_time() - began_s
            longest_s = max(longest_s, took_s)
            assert took_s < MOST_S, f"input {number} of seed {seed} ({name}) took {took_s:.1f} s"
        rows.close()
    return ended, longest_s


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    ended, longest_s = campaign(count, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for name, number in sorted(ended.items()):
        print(f"{name:<22}{number:>8}")
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"longest {longest_s:.2f} s, most memory {most_mb:.0f} MB")
    assert most_mb < MOST_MB


if __name__ == "__main__":
    main()
