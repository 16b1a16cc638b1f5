"""Thoughts before answers, in the marks of the models that write them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.text.thoughts import Thoughtless, without_thoughts

ANSWERS = [
    ('<think>Two?\nThree.</think>\n\n{"a": 1}', '{"a": 1}'),
    ("\n<Think>\n\n</THINK>\n\nYes.", "Yes."),
    ("<thinking>a < b</thinking>Yes.", "Yes."),
    ("[THINK]hm[/THINK]Oui.", "Oui."),
    ("◁think▷嗯◁/think▷好。", "好。"),
    ("<think>a</think> <think>b</think> c", "c"),
    (
        "<|channel|>analysis<|message|>So<|end|><|start|>assistant<|channel|>final<|message|>Yes",
        "Yes",
    ),
    ("<think>cut off", ""),
    ("Write <think> and </think> around it.", "Write <think> and </think> around it."),
    (" <thin ice>", " <thin ice>"),
    ("<", "<"),
    ("", ""),
]


@pytest.mark.parametrize(("answer", "left"), ANSWERS)
@given(cuts=st.sets(st.integers(1, 90), max_size=12))
def test_an_answer_loses_its_thoughts_wherever_it_is_cut(
    answer: str, left: str, cuts: set[int]
) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    thoughtless = Thoughtless()
    shown = "".join(thoughtless.passed(answer[a:b]) for a, b in pairwise(edges))
    assert shown + thoughtless.rest() == left == without_thoughts(answer)


def test_thoughts_that_the_prompt_has_begun_are_left_out_of_a_whole_answer() -> None:
    assert without_thoughts("Two? Three.\n</think>\n\nFour.") == "Four."


@given(st.text("<>/thinkabc [] \n", max_size=60))
def test_what_begins_with_no_mark_is_left_alone(text: str) -> None:
    if "</think>" not in text and not text.lstrip().startswith(("<think", "<thought", "[think")):
        assert without_thoughts(text) == text
