"""Talking with chat models: one question, or a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from audiopipe.backends.protocols import Chatter
from audiopipe.context import Context
from audiopipe.conversation.answer import MAX_RETRIES, Desk, Stream
from audiopipe.conversation.answer import chat as answer
from audiopipe.conversation.messages import message_of
from audiopipe.conversation.schema import AnyObject, Shape, shape_of
from audiopipe.conversation.tools import Tool, toolbox, with_tools
from audiopipe.errors import UsageError
from audiopipe.values.requests import ChatRequest, Message, Reply

_UNSUPPORTED = {
    "logprobs": "Groq refuses it, and a reply here has no place for it",
    "top_logprobs": "Groq refuses it, and a reply here has no place for it",
    "logit_bias": "Groq refuses it",
    "n": "Groq takes 1 only: ask several times, each with its own seed",
    "stream": "call stream() in its place",
    "json": "JSON cannot be streamed: Groq refuses it, and a part of it is no JSON",
    "schema": "JSON cannot be streamed: Groq refuses it, and a part of it is no JSON",
}


class ChatSession:
    """A chat model at hand; for any number of threads.

    Args:
        model: full id or short name; "" is Groq's default, or the only model of a server.
        context: what it works with; None makes one of the options, and closes it.
        backend: who answers; None chooses by `settings.backend` and the environment.
        options: `settings`, `spending`, `listener`, `stop` and single settings, as `Context` takes
            them. What concerns audio is not looked at.

    Raises:
        AuthError: neither a key nor a server.
        UsageError: settings that cannot work.
    """

    def __init__(
        self,
        model: str = "",
        *,
        context: Context | None = None,
        backend: Chatter | str | None = None,
        **options: Any,
    ) -> None:
        if isinstance(backend, str):
            options["backend"] = backend
        elif backend:
            options["chatter"] = backend
        self._owned = None if context else Context(**options)
        context = context or self._owned
        assert context is not None
        self.model = model
        self.settings = context.settings
        self.backend = context.chatter(model)
        self.desk = Desk(self.backend, context.store, context.spending, context.teller.pause)

    def ask(
        self,
        messages: str | Iterable[Message | Mapping[str, Any]],
        *,
        json: bool = False,
        schema: Any = None,
        max_retries: int = MAX_RETRIES,
        tools: Iterable[Tool] = (),
        **options: Any,
    ) -> Reply:
        """The answer to a question, or to a conversation that ends with one.

        Args:
            messages: a text, or messages; also as dicts with `role` and `content`.
            json: whether the answer must be a JSON object; it is `Reply.value`.
            schema: JSON Schema as a dict, or a type, of which `Reply.value` is then one: a
                pydantic model, a dataclass, a TypedDict, a list of them.
            max_retries: corrections that the model is asked for if its answer is not of that shape.
            tools: what the model may call: functions, which are called, and their results told to
                it; or definitions in the API's form, whose calls are `Reply.tool_calls`.
            options: `system`, `temperature`, `top_p`, `max_completion_tokens`, `seed`,
                `tool_choice`, `reasoning_effort`, `service_tier`, and `stop`, a text or up to
                four; see `data.ChatRequest`.

        Raises:
            UsageError: what no server takes; nothing has been sent.
            InvalidAnswer: not of the shape after all corrections.
            TruncatedAnswer: cut off, and a shape was asked for.
            BackendError: the server gave no answer.
            LimitReached: the settings allow no more requests or cost.
        """
        shape = _shape(json, schema)
        request = self.request(messages, **options)
        if given := toolbox(tools):
            if shape:
                raise UsageError("tools cannot be used with JSON: Groq refuses both at once")
            return with_tools(request, self.desk, given)
        return answer(request, self.desk, shape=shape, max_retries=max_retries)

    def stream(
        self, messages: str | Iterable[Message | Mapping[str, Any]], **options: Any
    ) -> Stream:
        """The pieces of an answer as they are written; arguments and errors as in `ask`."""
        return Stream(self.request(messages, **options), self.desk)

    def request(
        self, messages: str | Iterable[Message | Mapping[str, Any]], **options: Any
    ) -> ChatRequest:
        """What `ask` and `stream` ask; arguments as there.

        Raises:
            UsageError: what no server takes.
        """
        given = {name: value for name, value in options.items() if value is not None}
        system = given.pop("system", "")
        stop = given.pop("stop", ())
        if given.get("n") == 1:
            del given["n"]
        for name in given.keys() - set(_OPTIONS):
            reason = _UNSUPPORTED.get(name, f"there are system, stop, {', '.join(_OPTIONS)}")
            raise UsageError(f"{name} is not supported: {reason}")
        if isinstance(messages, str):
            messages = [Message("user", messages)]
        before = (Message("system", system),) if system else ()
        stops = (stop,) if isinstance(stop, str) else tuple(stop)
        return ChatRequest((*before, *map(message_of, messages)), self.model, stop=stops, **given)

    def window(self) -> int:
        """Most tokens, question and answer together, that one request may ever take."""
        return self.backend.window(self.full_model())

    def full_model(self) -> str:
        """The full id of the model that is asked."""
        question = ChatRequest((Message("user", "?"),), self.model)
        return self.backend.accept(question).model

    def close(self) -> None:
        """Close what was opened for it alone. Closing twice is harmless."""
        if self._owned:
            self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Conversation:
    """Many turns with one model, which is told all that was said before.

    A turn that fails or is not heard to its end leaves no trace, and can be said again.

    Args:
        system: what the model is told first; "" for nothing.
        chat_session: with whom; None opens one by `model` and `settings`, as `ChatSession` does.
        model, settings: see `ChatSession`.

    Attributes:
        messages: all that was said so far.
    """

    def __init__(
        self, system: str = "", *, chat_session: ChatSession | None = None, **settings: Any
    ) -> None:
        self._chat_session = chat_session or ChatSession(**settings)
        self._owned = chat_session is None
        self.messages: list[Message] = [Message("system", system)] if system else []

    def say(self, text: str, **options: Any) -> Reply:
        """The answer to the next turn; options and errors as in `ChatSession.ask`."""
        turn = Message("user", text)
        reply = self._chat_session.ask([*self.messages, turn], **options)
        answered = Message("assistant", reply.text, reply.tool_calls)
        self.messages += [turn, *reply.turns, answered]
        return reply

    def stream(self, text: str, **options: Any) -> Stream:
        """The pieces of the answer to the next turn, as they are written."""
        turn = Message("user", text)

        def ended(reply: Reply) -> None:
            self.messages += [turn, Message("assistant", reply.text)]

        return Stream(
            self._chat_session.request([*self.messages, turn], **options),
            self._chat_session.desk,
            ended,
        )

    def close(self) -> None:
        """Close what was opened here. Closing twice is harmless."""
        if self._owned:
            self._chat_session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


_OPTIONS = (
    *("temperature", "top_p", "max_completion_tokens", "seed"),
    *("tool_choice", "reasoning_effort", "service_tier"),
)


def _shape(json: bool, schema: Any) -> Shape | None:
    if schema is not None:
        return shape_of(schema)
    return AnyObject() if json else None
