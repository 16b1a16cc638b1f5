"""What models that think write before their answer, which is none of it."""

from __future__ import annotations

_MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("[think]", "[/think]"),  # Mistral's
    ("◁think▷", "◁/think▷"),  # Kimi's
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),  # gpt-oss's own form
    ("<|channel|>final<|message|>", ""),
)
"""How thoughts begin and end, in small letters."""

_UNBEGUN = "</think>"
"""Where the prompt's template has begun the thoughts, the answer holds their end alone."""


def without_thoughts(text: str) -> str:
    """An answer without the thoughts before it; "" if it has not come further than these."""
    thoughtless = Thoughtless()
    said = thoughtless.passed(text) + thoughtless.rest()
    before, mark, after = said.partition(_UNBEGUN)
    return after.lstrip() if mark and "<think>" not in before else said


class Thoughtless:
    """An answer that comes in pieces, without the thoughts at its beginning."""

    def __init__(self) -> None:
        self._held = self._end = ""
        self._thought = self._answers = False

    def passed(self, piece: str) -> str:
        """What of the answer is known to be no thought by now."""
        if self._answers:
            return piece
        self._held += piece
        while True:
            if self._end:
                at = self._held.lower().find(self._end)
                if at < 0:
                    self._held = self._held[-len(self._end) :]
                    return ""
                self._held, self._end, self._thought = self._held[at + len(self._end) :], "", True
            begun = self._held.lstrip()
            mark = next((m for m in _MARKS if begun.lower().startswith(m[0])), None)
            if mark is None:
                break
            self._held, self._end = begun[len(mark[0]) :], mark[1]
        if any(mark[0].startswith(begun.lower()) for mark in _MARKS):
            return ""
        self._answers = True
        return begun if self._thought else self._held

    def rest(self) -> str:
        """What was held back and is no thought, once no piece follows."""
        if self._answers or self._end:
            return ""
        return self._held.lstrip() if self._thought else self._held
