"""Chat: an answer, as text or of a shape that is checked, from the store or from a model."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Self

from audiopipe.backends.protocols import Chatter
from audiopipe.conversation.schema import Shape, strict
from audiopipe.conversation.schema.example import example_of
from audiopipe.errors import (
    BackendError,
    InvalidAnswer,
    RejectedRequest,
    TruncatedAnswer,
    UsageError,
)
from audiopipe.limits.spending import Spending
from audiopipe.store.answers import key
from audiopipe.store.keeping import Answers
from audiopipe.values.events import Pause, Waiting, waiting
from audiopipe.values.requests import ChatRequest, Message, Reply, Usage

_log = logging.getLogger("audiopipe")

MAX_RETRIES = 2
"""Corrections that a model is asked for before its answer is given up."""

_MOST_SHOWN = 300  # characters of an answer in a line for people

_JSON = "Answer with one JSON object and nothing else: no comment, no code block."
_SCHEMA = "The object must be valid by this JSON Schema:"
_EXAMPLE = "An example of its form, with other values:"
_CORRECT = "That answer cannot be used:\n{faults}\nGive the whole corrected answer, nothing else."


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers, and what the answers may cost; shared by all threads of a run.

    Attributes:
        backend: who answers.
        store: answers of earlier runs; None keeps none. An answer is kept, and an earlier one
            given again, only if it would be the same: at temperature 0, or with a seed.
        spending: pays for requests.
        pause: waits, for a limit or before another try.
    """

    backend: Chatter
    store: Answers | None
    spending: Spending
    pause: Pause


def chat(
    request: ChatRequest, desk: Desk, *, shape: Shape | None = None, max_retries: int = MAX_RETRIES
) -> Reply:
    """The answer of a model.

    An answer that is not of the shape goes back to the model with its faults. A text that was cut
    off is given with a warning; JSON that was cut off is an error.

    Args:
        request: what is asked.
        desk: who answers.
        shape: what the answer must be; None takes any text.
        max_retries: corrections to ask for, >= 0.

    Raises:
        UsageError: what no server takes, or an unknown model.
        InvalidAnswer: not of the shape after all corrections; it has the last answer.
        TruncatedAnswer: cut off, and a shape was asked for.
        BackendError: the server gave no answer.
        LimitReached: the spending is empty.
    """
    if shape is None:
        return _warned(_answer(desk.backend.accept(request), desk))
    if max_retries < 0:
        raise UsageError(f"--max-retries {max_retries} must not be negative")
    first = _asking_for(shape, desk.backend.accept(replace(request, json=True)), desk.backend)
    asked, usage = first, Usage()
    for attempts_left in range(max_retries, -1, -1):
        try:
            reply = _structured(asked, desk)
            usage += reply.usage
            return replace(_read(reply, shape), usage=usage)
        except InvalidAnswer as error:
            _log.info("%s", error)
            if not attempts_left:
                faults, tries = "; ".join(str(error).splitlines()), max_retries + 1
                raise InvalidAnswer(
                    f"no valid answer from {first.model} in {tries} tries: {faults}; the last "
                    f"answer was {error.answer[:_MOST_SHOWN]!r}",
                    error.answer,
                ) from error
            asked = _corrected(first, error)
    raise AssertionError("unreachable")


class Stream(Iterator[str]):
    """The pieces of an answer, as they are written.

    Args:
        request: what is asked; no JSON.
        desk: who answers.
        ended: called with the whole answer when the pieces have ended.

    Attributes:
        reply: the whole answer, once the pieces have ended; None before.
    """

    def __init__(
        self,
        request: ChatRequest,
        desk: Desk,
        ended: Callable[[Reply], None] = lambda reply: None,
    ) -> None:
        self.reply: Reply | None = None
        self._ended = ended
        self._pieces = _pieces(desk.backend.accept(request), desk)

    def __next__(self) -> str:
        try:
            return next(self._pieces)
        except StopIteration as end:
            if self.reply is None and end.value is not None:
                self.reply = _warned(end.value)
                self._ended(self.reply)
            raise StopIteration from None

    def close(self) -> None:
        """Stop the writing. Closing twice is harmless."""
        self._pieces.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _answer(request: ChatRequest, desk: Desk) -> Reply:
    """An answer, which is stored before this returns."""
    if known := _kept(request, desk):
        return known
    with _claimed(request, desk):
        if known := _kept(request, desk):
            return known
        estimate = _paid(request, desk)
        pause = desk.spending.paying(estimate, desk.pause)
        return _keep(request, desk, desk.backend.ask(request, pause), estimate)


def _structured(request: ChatRequest, desk: Desk) -> Reply:
    """An answer whose JSON was not good enough for the server, too: it is checked here anyway.

    The server's own check is left out where it does not take the schema.
    """
    try:
        return _answer(request, desk)
    except InvalidAnswer as error:
        if not error.answer:
            raise InvalidAnswer("it ended too early: raise --max-tokens") from error
        return Reply(error.answer, request.model, "stop", desk.backend.price(request))
    except RejectedRequest as error:
        if not request.schema or "schema" not in str(error):
            raise
        _log.info("%s; the schema is asked for in words alone", error)
        return _structured(replace(request, schema=""), desk)


def _pieces(request: ChatRequest, desk: Desk) -> Generator[str, None, Reply]:
    with _claimed(request, desk):
        if known := _kept(request, desk):
            yield known.text
            return known
        estimate = _paid(request, desk)
        pause = desk.spending.paying(estimate, desk.pause)
        answer = yield from desk.backend.stream(request, pause)
        return _keep(request, desk, answer, estimate)


def _claimed(request: ChatRequest, desk: Desk) -> AbstractContextManager[None]:
    """Nobody else asks the same meanwhile, if the answer is kept."""
    if desk.store and _repeats(request):
        return desk.store.claim(_name(request, desk), waiting(desk.pause))
    return nullcontext()


def _kept(request: ChatRequest, desk: Desk) -> Reply | None:
    known = desk.store.get(_name(request, desk)) if _repeats(request) and desk.store else None
    try:
        return replace(desk.backend.read(known), cached=True) if known else None
    except BackendError:  # of an older version, or none: it is asked for again
        return None


def _paid(request: ChatRequest, desk: Desk) -> Usage:
    """The estimate that was paid, unless the run is to stop."""
    desk.pause(0.0, Waiting(0.0, "an answer"))
    estimate = desk.backend.price(request)
    desk.spending.take(estimate)
    return estimate


def _keep(request: ChatRequest, desk: Desk, answer: bytes, estimate: Usage) -> Reply:
    reply = desk.backend.read(answer)
    if _repeats(request) and desk.store:
        desk.store.put(_name(request, desk), "chat", answer)
    desk.spending.correct(estimate, reply.usage)
    return reply


def _repeats(request: ChatRequest) -> bool:
    return request.temperature == 0 or request.seed is not None


def _name(request: ChatRequest, desk: Desk) -> bytes:
    return key("chat", desk.backend.name, desk.backend.address, request)


def _warned(reply: Reply) -> Reply:
    if reply.truncated:
        _log.warning("the answer is cut off (%s): %s", reply.finish_reason, _REMEDY)
    return reply


_REMEDY = "raise --max-tokens, or ask for less"


def _read(reply: Reply, shape: Shape) -> Reply:
    if reply.truncated:
        raise TruncatedAnswer(
            f"the answer of {reply.model} is cut off ({reply.finish_reason}): {_REMEDY}"
        )
    try:
        return replace(reply, value=shape.read(reply.text))
    except ValueError as error:
        raise InvalidAnswer(str(error), reply.text) from error


def _asking_for(shape: Shape, request: ChatRequest, backend: Chatter) -> ChatRequest:
    """The request with the shape in its words, and in its schema if the model is held to one."""
    words = _JSON
    if shape.schema is not None:
        schema, example = shape.schema, example_of(shape.schema)
        words += f"\n{_SCHEMA}\n{json.dumps(schema, ensure_ascii=False)}"
        words += f"\n{_EXAMPLE}\n{json.dumps(example, ensure_ascii=False)}"
        held = strict(shape.schema) if backend.has_schemas(request.model) else None
        form = json.dumps(schema, ensure_ascii=False)
        request = replace(request, schema=json.dumps(held) if held else "", form=form)
    first, *rest = request.messages
    if first.role == "system":  # some models know one system message only
        told = replace(first, content=f"{first.content}\n\n{words}")
        return replace(request, messages=(told, *rest))
    return replace(request, messages=(Message("system", words), *request.messages))


def _corrected(request: ChatRequest, error: InvalidAnswer) -> ChatRequest:
    """The request again, with the answer and its faults behind it."""
    correction = Message("user", _CORRECT.format(faults=error))
    answer = (Message("assistant", error.answer),) if error.answer else ()
    return replace(request, messages=(*request.messages, *answer, correction))
