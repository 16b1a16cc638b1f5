"""Chat completions, as Groq and every server of the same dialect take and give them."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from itertools import chain
from typing import Any

from audiopipe.backends.catalog import find, resolve
from audiopipe.backends.http.client import Call
from audiopipe.backends.http.reply import Reply as HttpReply
from audiopipe.backends.openai.account import GroqAccount, OpenAIAccount
from audiopipe.backends.openai.bodies import (
    ANSWER,
    answering_tool,
    as_text,
    choice,
    is_by_tool,
    lesser,
    shape_asked,
    spoken,
    turn,
)
from audiopipe.backends.openai.dialect import asked
from audiopipe.backends.wire.chat import Said, body_of, checked, completion, event
from audiopipe.backends.wire.models import LiveModel
from audiopipe.errors import RequestTooLarge, ServerFault, UsageError
from audiopipe.limits.rules import Cost
from audiopipe.text.thoughts import Thoughtless
from audiopipe.text.tokens import tokens_at_most
from audiopipe.values.events import Pause
from audiopipe.values.requests import ChatRequest, Message, Reply, Usage

ASSUMED_ANSWER_TOKENS = 1024
"""What an answer without a limit of its own is taken for, until it tells what it took."""

ASSUMED_CONTEXT_TOKENS = 8192
"""Prompt and answer together, for a model that nobody here knows."""

_STRICT_GROQ = ("openai/gpt-oss-120b", "openai/gpt-oss-20b")
"""Models that are held to a JSON Schema while they write (Groq's page on structured outputs)."""

_STRICT_OPENAI = ("gpt-4o-mini", "gpt-4o-2024-08", "gpt-4o-2024-11", "gpt-4.1", "gpt-5")
"""Beginnings of the ids of such models at OpenAI; its page names them as "gpt-4o-2024-08-06 and
later"."""

_DROPPED = (
    *("stream_options", "max_completion_tokens", "max_tokens", "reasoning_format"),
    *("temperature", "top_p", "seed", "stream", "reasoning_effort", "service_tier"),
)
"""Fields that some servers or models do not know; an answer without them is still one."""

_ANSWER_S, _STREAM_S = 600.0, 3600.0
"""Seconds that an answer may take, and one that is seen to grow."""

_PATH = "/chat/completions"
_MOST_STOPS = 4
_MOST_SHOWN = 12


class OpenAIChatter(OpenAIAccount):
    """Any server with OpenAI's chat completions; arguments as in `OpenAIAccount`.

    A token is taken for three bytes of UTF-8, which is rather too many for the languages that
    models know best; the answer tells the true number, and the budget is corrected by it.
    """

    _models: Sequence[LiveModel] = ()
    _stream_options: Mapping[str, Any] = {"stream_options": {"include_usage": True}}

    def accept(self, request: ChatRequest) -> ChatRequest:
        """The request as it will be sent; see `base.Chatter.accept`."""
        _check(request)
        request = replace(request, model=self._model(request.model))
        _hold(request)
        return request

    def has_schemas(self, model: str) -> bool:
        """See `base.Chatter.has_schemas`. Of servers other than OpenAI's nothing is known here."""
        return self._is_home and model.startswith(_STRICT_OPENAI)

    def window(self, model: str) -> int:
        """See `base.Chatter.window`."""
        known = find(model)
        told = next((each.context for each in self._models if each.id == model), None)
        context = (known and known.context) or told or ASSUMED_CONTEXT_TOKENS
        return int(min(context, self._http.limits(model).most("tokens")))

    def price(self, request: ChatRequest) -> Usage:
        """What a request takes, by estimate."""
        answer = request.max_completion_tokens or ASSUMED_ANSWER_TOKENS
        return self._usage(request.model, estimated_tokens(request.messages), answer)

    def ask(self, request: ChatRequest, pause: Pause) -> bytes:
        """The reply's body. See `base.Chatter.ask`."""

        def send(facts: Mapping[str, str]) -> bytes:
            by_tool = is_by_tool(request, facts)

            def answered(reply: HttpReply) -> bytes:
                answer = reply.exact_text().encode()
                said = completion(answer, has_tools=by_tool or bool(request.tools))
                return body_of(as_text(said)) if by_tool and said.calls else answer

            return self._http.send(self._call(request, facts), answered, pause)

        return asked(self._http, request.model, send, lesser, pause)

    def stream(self, request: ChatRequest, pause: Pause) -> Generator[str, None, bytes]:
        """The pieces of the answer, and in the end its body. See `base.Chatter.stream`."""

        def send(facts: Mapping[str, str]) -> tuple[Said, Iterator[Said]]:
            if "stream" in facts:
                return completion(self.ask(request, pause)), iter(())
            call = self._call(request, facts, stream=True)
            said = iter(self._http.stream(call, event, pause))
            return next(said), said

        first, rest = asked(self._http, request.model, send, lesser, pause)
        whole, answer, veil = Said(model=request.model), Thoughtless(), self._http.veil()
        with closing(rest) if isinstance(rest, Generator) else nullcontext():
            for said in chain((first,), rest):
                text = veil.passed(answer.passed(said.text))
                whole = _joined(whole, replace(said, text=text))
                if text:
                    yield text
        if last := veil.passed(answer.rest()) + veil.rest():
            whole = _joined(whole, Said(last))
            yield last
        if not whole.finish_reason:
            raise ServerFault(f"chat with {request.model}: the answer broke off; try again later")
        return body_of(checked(whole))

    def read(self, answer: bytes) -> Reply:
        """What a reply says. See `base.Chatter.read`."""
        said = completion(answer, has_tools=True)
        usage = self._usage(said.model, said.prompt_tokens, said.completion_tokens)
        ended = said.finish_reason or "stop"
        return Reply(said.text, said.model, ended, usage, tool_calls=said.calls)

    def _usage(self, model: str, prompt_tokens: int, completion_tokens: int) -> Usage:
        """One request; the price is not known here."""
        return Usage(1, 0.0, 0.0, None, prompt_tokens, completion_tokens)

    def _model(self, name: str) -> str:
        """The full id of a model; the server's only one if no name is given."""
        if name:
            return name
        self._models = self._models or self.models()
        have = [each.id for each in self._models]
        if len(have) == 1:
            return have[0]
        shown = ", ".join(have[:_MOST_SHOWN]) + (", ..." if len(have) > _MOST_SHOWN else "")
        raise UsageError(f"name a model with -m: the server has {shown or 'none'}")

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        """The request's fields; those that are left to the server are left out."""
        fields: dict[str, Any] = {
            "model": request.model,
            "messages": list(map(turn, request.messages)),
            "temperature": request.temperature,
            "top_p": request.top_p,
            self._tokens_field(): request.max_completion_tokens,
            "seed": request.seed,
            "stop": list(request.stop) or None,
            "response_format": shape_asked(request),
            "tools": json.loads(request.tools) if request.tools else None,
            "tool_choice": choice(request.tool_choice),
            "reasoning_effort": request.reasoning_effort or None,
            "service_tier": request.service_tier or None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _tokens_field(self) -> str:
        """Ollama, llama.cpp's Python server and Mistral know no `max_completion_tokens`."""
        return "max_completion_tokens" if self._is_home else "max_tokens"

    @property
    def _is_home(self) -> bool:
        return self.address == self._home

    def _call(
        self, request: ChatRequest, facts: Mapping[str, str], *, stream: bool = False
    ) -> Call:
        expected = self.price(request)
        body = self._body(request)
        if stream:
            body |= {"stream": True, **self._stream_options}
        if is_by_tool(request, facts):
            body |= {"tools": [answering_tool(request)], "tool_choice": choice(ANSWER)}
        kept = () if request.schema else ("response_format",)  # asked for in words instead
        given = ("tools", "tool_choice") if "tools" in body and not request.tools else ()
        body = spoken(body, {n: to for n, to in facts.items() if n in kept or n in _DROPPED})
        return Call(
            "POST",
            _PATH,
            f"chat with {request.model}",
            request.model,
            Cost(tokens=expected.prompt_tokens + expected.completion_tokens),
            json=body,
            optional=tuple(name for name in (*_DROPPED, *kept, *given) if name in body),
            total_s=_STREAM_S if stream else _ANSWER_S,
        )


class GroqChatter(GroqAccount, OpenAIChatter):
    """Groq's chat models; arguments as in `GroqAccount`."""

    _default = "openai/gpt-oss-120b"
    _stream_options: Mapping[str, Any] = {}

    def accept(self, request: ChatRequest) -> ChatRequest:
        """The request as it will be sent; see `base.Chatter.accept`."""
        request = super().accept(request)
        known = find(request.model)
        if known and "chat" not in known.tasks:
            raise UsageError(f"{known.id} does not chat: take -m {self._default}")
        return request

    def has_schemas(self, model: str) -> bool:
        """See `base.Chatter.has_schemas`."""
        return model in _STRICT_GROQ

    def _usage(self, model: str, prompt_tokens: int, completion_tokens: int) -> Usage:
        """One request, as Groq bills it."""
        known = find(model)
        usage = super()._usage(model, prompt_tokens, completion_tokens)
        if known is None or known.price_usd is None or known.output_price_usd is None:
            return usage
        read, written = prompt_tokens * known.price_usd, completion_tokens * known.output_price_usd
        return replace(usage, cost_usd=(read + written) / 1e6)

    @classmethod
    def model_of(cls, name: str) -> str:
        """The full id of a model; "" is the default."""
        return resolve(name or cls._default)

    def _model(self, name: str) -> str:
        return self.model_of(name)

    def _tokens_field(self) -> str:
        return "max_completion_tokens"

    def _body(self, request: ChatRequest) -> dict[str, Any]:
        fields = super()._body(request)
        if request.temperature == 0:
            fields["temperature"] = 1e-8  # what Groq makes of 0, and advises where 0 gives trouble
        if request.model.startswith("qwen/"):
            fields["reasoning_format"] = "hidden"  # else the thoughts stand in the answer
        return fields


def estimated_tokens(messages: Sequence[Message]) -> int:
    """About how many tokens a model reads, with a few around each message."""
    return sum(tokens_at_most(each.content) + 8 for each in messages)


_MOST_BYTES_A_TOKEN = 8
"""Prose has four; so many more mean that a text is surely too long."""


def _hold(request: ChatRequest) -> None:
    """Refuse what the model can surely not take.

    Raises:
        UsageError: more tokens of an answer than it writes.
        RequestTooLarge: more to read than its context.
    """
    known = find(request.model)
    most, asked_for = known and known.max_output, request.max_completion_tokens
    if most and asked_for and asked_for > most:
        raise UsageError(f"--max-tokens {asked_for}: {request.model} writes {most} at most")
    fewest = sum(len(each.content.encode()) for each in request.messages) // _MOST_BYTES_A_TOKEN
    if known and known.context and fewest > known.context:
        raise RequestTooLarge(
            f"about {fewest} tokens to read, at least: {request.model} takes {known.context} in all"
        )


def _check(request: ChatRequest) -> None:
    """Refuse what no server of this kind takes.

    Raises:
        UsageError: it names the flag.
    """
    if not any(each.content.strip() for each in request.messages):
        raise UsageError("there is no message to answer")
    if not 0 <= (request.temperature or 0) <= 2:
        raise UsageError(f"--temperature {request.temperature:g} is not between 0 and 2")
    if request.top_p is not None and not 0 < request.top_p <= 1:
        raise UsageError(f"--top-p {request.top_p:g} is not above 0 and at most 1")
    if request.max_completion_tokens is not None and request.max_completion_tokens < 1:
        raise UsageError(f"--max-tokens {request.max_completion_tokens} is not at least 1")
    if len(request.stop) > _MOST_STOPS or "" in request.stop:
        raise UsageError(f"--stop takes one to {_MOST_STOPS} texts, none of them empty")
    if request.json and request.stop:
        raise UsageError(
            "--stop cannot be used with JSON: Groq refuses it, and an answer that is cut at a "
            "text is no JSON"
        )


def _joined(whole: Said, said: Said) -> Said:
    return Said(
        whole.text + said.text,
        said.model or whole.model,
        whole.finish_reason or said.finish_reason,
        whole.refusal + said.refusal,
        said.prompt_tokens or whole.prompt_tokens,
        said.completion_tokens or whole.completion_tokens,
    )
