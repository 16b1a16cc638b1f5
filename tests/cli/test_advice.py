from __future__ import annotations

import pytest

from audiopipe.cli.advice import fitting

CUT = "the answer is cut off (length): raise --max-tokens, or ask for less"


@pytest.mark.parametrize(
    ("message", "flags", "told"),
    [
        (CUT, ["--max-tokens"], CUT),
        (CUT, ["--model"], "the answer is cut off (length), or ask for less"),
        ("413: too many bytes: take a shorter --chunk-length", [], "413: too many bytes"),
        ("no key: set KEY, or take --backend local", ["--backend"], None),
        ("--max-tokens 0 is not at least 1", ["--seed"], "max-tokens 0 is not at least 1"),
        ("talk--final.mp3: no sound", [], None),
        ("wait, or send less at once with --workers", ["--wait"], "wait"),
    ],
)
def test_advice_names_only_flags_of_the_command(
    message: str, flags: list[str], told: str | None
) -> None:
    assert fitting(message, flags) == (message if told is None else told)
