"""The misbehaving replies to chat, to streams of chat, and to speech: the door is the same."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import pytest
from support import speechlike
from support.misbehaving import BELOW, CASES, Misbehaving
from support.misbehaving.case import KEY, OK, Case
from support.speaking import streamed_wav

from audiopipe.backends.http.connection import Timeouts
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.openai.chat import OpenAIChatter
from audiopipe.backends.openai.speak import OpenAISpeaker
from audiopipe.errors import AudiopipeError
from audiopipe.values.events import Waiting
from audiopipe.values.requests import ChatRequest, Message, SpeechRequest

ANSWER = "All is well that ends well."
QUESTION = ChatRequest((Message("user", "How is it?"),), "m", temperature=0.0)
LINE = SpeechRequest(speechlike.text(range(4)), "m", "v", "en")
CHOICE = {"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
DELTA = {"delta": {"content": ANSWER}, "finish_reason": "stop"}

NAMES = [
    name
    for name, case in CASES.items()
    if (case.right.code or case.act)
    and name not in ("a-chat", "sound", "too-large-at-every-size", "length-too-small")
]
"""Those that are no transcripts, nor answers of another endpoint: whoever asks, they are wrong, or
right at the second try."""


def pause(seconds: float, waiting: Waiting) -> None:
    time.sleep(min(seconds, 0.02))


def options(url: str, case: Case) -> Mapping[str, object]:
    timeouts = Timeouts(total_s=1.0) if case.more else Timeouts()
    retry = Retry(sleep=lambda _: None, max_wait_s=5.0)
    return {"api_key": KEY, "base_url": url, "timeouts": timeouts, "retry": retry}


def chat(url: str, case: Case) -> str:
    with OpenAIChatter(**options(url, case)) as chatter:  # type: ignore[arg-type]
        return chatter.read(chatter.ask(QUESTION, pause)).text


def stream(url: str, case: Case) -> str:
    with OpenAIChatter(**options(url, case)) as chatter:  # type: ignore[arg-type]
        return "".join(chatter.stream(QUESTION, pause))


def speech(url: str, case: Case) -> str:
    with OpenAISpeaker(**options(url, case)) as speaker:  # type: ignore[arg-type]
        audio = speaker.read(speaker.ask(LINE, pause), LINE)
    return " ".join(heard.text for heard in speechlike.hear(audio.samples, audio.rate_hz))


EVENTS = f"data: {json.dumps({'choices': [DELTA]})}\n\ndata: [DONE]\n\n"
DOORS: Mapping[str, tuple[Callable[[str, Case], str], Case, str]] = {
    "chat": (chat, Case(OK, json.dumps({"choices": [CHOICE]}).encode()), ANSWER),
    "stream": (stream, Case(OK, EVENTS.encode(), "text/event-stream"), ANSWER),
    "speech": (
        speech,
        Case(OK, streamed_wav(speechlike.speak(LINE.text, 24_000)), "audio/wav"),
        LINE.text,
    ),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a door gave, or said, and after how many requests."""

    said: str
    failed: bool
    asked: int


@pytest.fixture(scope="module", params=DOORS)
def seen(request: pytest.FixtureRequest) -> Iterator[tuple[str, dict[str, Seen]]]:
    ask, well, right = DOORS[request.param]
    cases = {name: CASES[name] for name in NAMES}
    with Misbehaving(cases, well) as server, ThreadPoolExecutor(32) as pool:
        said = dict(zip(NAMES, pool.map(partial(tried, ask, server), NAMES), strict=True))
        yield right, {name: Seen(*said[name], server.asked[name]) for name in NAMES}


def tried(ask: Callable[[str, Case], str], server: Misbehaving, name: str) -> tuple[str, bool]:
    try:
        return ask(server.url(name), CASES[name]), False
    except AudiopipeError as error:
        return str(error), True


@pytest.mark.parametrize("name", NAMES)
def test_every_door_takes_a_reply_for_what_it_is(
    seen: tuple[str, dict[str, Seen]], name: str
) -> None:
    right, had = seen[0], seen[1][name]
    assert had.failed == bool(CASES[name].right.code and not CASES[name].act), had.said
    assert had.asked <= max(CASES[name].right.most, 6), had.said
    assert KEY not in had.said and KEY[:20] not in had.said, had.said
    assert not re.search(r"[\x00-\x1f\x7f\x9b\u202a-\u202e]", had.said), repr(had.said)
    if not had.failed:
        assert had.said == right
    elif name in BELOW:
        assert re.search(CASES[name].right.says, had.said), had.said
    elif "page" in name:
        assert re.search("(?i)sign in|please|busy", had.said), had.said
