"""A sample of the campaign of scripts/fuzz_replies.py."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_whatever_is_changed_in_replies_and_rows_is_an_answer_or_an_error_of_ours() -> None:
    path = Path(__file__).parents[1] / "scripts" / "fuzz_replies.py"
    spec = importlib.util.spec_from_file_location("fuzz_replies", path)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    ended, _ = script.campaign(350, seed=7)
    assert sum(ended.values()) == 350
    assert {name for name in ended if "answers" in name} >= {"transcript: answers", "row: answers"}
