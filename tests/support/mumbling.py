"""A server that did not understand a passage."""

from __future__ import annotations

from support import speechlike
from support.answers import Answer, ok

WORDS = 60


def doubtful(first: int, last: int, heard: str = "mumble", avg_logprob: float = -1.5) -> Answer:
    """A reply to the whole recording in which some words are wrong, and unsure."""
    words = [
        {"word": speechlike.word(n), "start": n / 2 + 0.1, "end": n / 2 + 0.4} for n in range(WORDS)
    ]
    for n in range(first, last):
        words[n]["word"] = f"{heard}{n}"
    segments = [
        {
            "start": n / 2 + 0.1,
            "end": (n + 9) / 2 + 0.4,
            "text": "".join(f" {word['word']}" for word in words[n : n + 10]),
            "avg_logprob": avg_logprob if first <= n < last else -0.1,
            "compression_ratio": 1.3,
            "no_speech_prob": 0.0,
        }
        for n in range(0, WORDS, 10)
    ]
    text = "".join(str(segment["text"]) for segment in segments)
    return ok(
        {"text": text, "language": "English", "duration": WORDS / 2}
        | {"words": words, "segments": segments}
    )
