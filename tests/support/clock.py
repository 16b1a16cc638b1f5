"""Time that passes when a test says so."""

from __future__ import annotations


class Clock:
    """Seconds, which pass in `sleep` or by setting `now_s`."""

    def __init__(self, now_s: float = 1_000_000_000.0) -> None:
        self.now_s = now_s
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept.append(seconds)
