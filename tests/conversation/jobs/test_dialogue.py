"""A dialogue of hosts, held to what was said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.server import KEY, Server
from support.spoken import spoken

from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import GroqChatter
from audiopipe.conversation import ChatSession
from audiopipe.conversation.jobs import Scribe
from audiopipe.conversation.jobs.written import dialogue_text, written
from audiopipe.errors import UsageError
from audiopipe.limits.rules import Limits
from audiopipe.settings import Settings
from audiopipe.speech.script import paragraphs

SHORT = spoken(
    "We begin with the budget. It grew by 3 percent.",
    "Ann will call the landlord by Friday.",
)


def turn(speaker: str, text: str, *lines: int) -> dict[str, Any]:
    return {"speaker": speaker, "text": text, "lines": list(lines)}


GOOD = [
    turn("Eve", "Welcome. What is it today?"),
    turn("Max", "The budget grew by 3 percent.", 1, 2),
    turn("Eve", "And the landlord?"),
    turn("Max", "Ann will call the landlord by Friday.", 3),
]


@pytest.fixture
def scribe(server: Server) -> Iterator[Scribe]:
    retry = Retry(attempts=2, sleep=lambda _: None)
    with (
        GroqChatter(api_key=KEY, base_url=server.url, limits=Limits(), retry=retry) as backend,
        ChatSession(backend=backend) as talk,
    ):
        yield Scribe(talk)


def test_hosts_talk_in_turns_of_what_was_said(scribe: Scribe, server: Server) -> None:
    server.replies.append(json.dumps({"turns": GOOD}))
    made = scribe.dialogue(SHORT, ("Eve", "Max"))
    assert [(each.speaker, each.start_s) for each in made] == [
        ("Eve", None), ("Max", 0.0), ("Eve", None), ("Max", SHORT.segments[1].span.start_s),
    ]  # fmt: skip
    prompt, text = (turn["content"] for turn in server.seen[0].json["messages"])
    assert "Eve, Max" in prompt and "the whole" in prompt
    assert text.splitlines()[1] == "2: It grew by 3 percent."
    spoken_again = [(each.speaker, each.text) for each in paragraphs(dialogue_text(made, "txt"))]
    assert spoken_again == [(each["speaker"], each["text"]) for each in GOOD]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (turn("Bob", "Yes."), "'Bob' is no host"),
        (turn("Max", "It grew by 5 percent.", 2), "5 does not stand in its lines"),
        (turn("Max", "It grew by 3 percent.", 3), "3 does not stand in its lines"),
        (turn("Max", "As Robert said, it grew.", 2), "Robert does not stand"),
        (
            turn("Max", "Penguins rarely inhabit tropical rainforests.", 1),
            "says what does not stand",
        ),
        (turn("Max", "It grew.", 9), r"there are no lines \[9\]"),
        (
            turn(
                "Max", "Inflation destroys savings everywhere while governments print money daily."
            ),
            "claims something, and is of no line",
        ),
    ],
)
def test_a_claim_that_nobody_made_is_sent_back(
    scribe: Scribe, server: Server, wrong: Any, words: str
) -> None:
    server.replies += [json.dumps({"turns": [*GOOD, wrong]}), json.dumps({"turns": GOOD})]
    assert len(scribe.dialogue(SHORT, ("Eve", "Max"))) == 4
    import re

    assert re.search(words, server.seen[1].json["messages"][-1]["content"])


def test_all_hosts_speak_and_there_are_two(scribe: Scribe, server: Server) -> None:
    server.replies += [json.dumps({"turns": GOOD[1::2]}), json.dumps({"turns": GOOD})]
    scribe.dialogue(SHORT, ("Eve", "Max"))
    assert "each of Eve, Max must speak" in server.seen[1].json["messages"][-1]["content"]
    with pytest.raises(UsageError, match="needs 2 hosts"):
        scribe.dialogue(SHORT, ("Eve",))


def test_as_json_each_turn_has_its_time(scribe: Scribe, server: Server) -> None:
    server.replies.append(json.dumps({"turns": GOOD}))
    text = written(scribe, "dialogue", SHORT, "", "json", Settings(), ("Eve", "Max"))
    assert json.loads(text)["turns"][1]["start"] == 0.0
