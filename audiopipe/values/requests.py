"""What is asked of recognisers, voices and chat models, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from audiopipe.values.audio import Audio, Task

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The sound of a text, without silence around it.

    `cached` tells that it is of an earlier run, and cost this one nothing.
    """

    audio: Audio
    usage: Usage
    cached: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a recogniser, the same for each chunk of a file.

    Attributes:
        task: `transcribe` keeps the language, `translate` gives English.
        model: the backend's own id of the model.
        language: ISO 639-1 code of what is spoken, or several with commas between, among which the
            model guesses; None lets it guess among all.
        prompt: context or spellings that steer the model; None for none.
        temperature: 0 to 1; 0 is the recommended deterministic decoding.
        word_timestamps: whether each word gets its own times.
    """

    task: Task
    model: str
    language: str | None = None
    prompt: str | None = None
    temperature: float = 0.0
    word_timestamps: bool = True

    def __post_init__(self) -> None:
        _keep_well_formed(self)


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is asked of a voice.

    Attributes:
        text: what is spoken.
        model: the backend's own id of the model.
        voice: one of the model's voices.
        language: ISO 639-1 code of the text; None where nobody knows.
    """

    text: str
    model: str = ""
    voice: str = ""
    language: str | None = None

    def __post_init__(self) -> None:
        _keep_well_formed(self)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a result took.

    Attributes:
        requests: answered requests.
        audio_s: seconds of audio sent, overlaps included.
        billed_s: seconds the provider bills (at least 10 a request on Groq).
        cost_usd: price of it all; None where the price is not known.
        prompt_tokens: tokens that chat models read.
        completion_tokens: tokens that they wrote, thoughts included.
    """

    requests: int = 0
    audio_s: float = 0.0
    billed_s: float = 0.0
    cost_usd: float | None = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.requests + other.requests,
            self.audio_s + other.audio_s,
            self.billed_s + other.billed_s,
            (self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model wants done before it answers.

    Attributes:
        id: the server's name of the call, which its result must bear.
        name: of the tool.
        arguments: a JSON object, as text.
    """

    id: str
    name: str
    arguments: str

    def __post_init__(self) -> None:
        _keep_well_formed(self)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: who says it; `tool` gives the result of a call.
        content: the text.
        tool_calls: what an assistant wants done.
        tool_call_id: of a result: the id of its call.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""

    def __post_init__(self) -> None:
        _keep_well_formed(self)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a chat model.

    Attributes:
        messages: the conversation so far, the question last.
        model: the backend's own id of the model.
        temperature: 0 to 2; None leaves it to the server.
        top_p: above 0, to 1: the share of likely tokens to choose from; None leaves it to the
            server.
        max_completion_tokens: most tokens of the answer, thoughts included; None leaves it to the
            server.
        seed: for answers that repeat as far as the server can; None for none.
        stop: up to four texts at which the answer ends.
        json: whether the answer is to be a JSON object.
        schema: JSON Schema, as text, that the server is to hold the answer to; "" for none.
        form: the same of any model, in full; a server without JSON mode takes it as a tool's.
        tools: what the model may call, as a JSON list in the API's form; "" for nothing.
        tool_choice: `auto`, `none`, `required`, or the name of a tool; "" leaves it to the server.
        reasoning_effort: how long the model thinks: low, medium, high, or what else it knows.
        service_tier: auto, on_demand, flex or performance; "" leaves it to the server.
    """

    messages: tuple[Message, ...]
    model: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json: bool = False
    schema: str = ""
    form: str = ""
    tools: str = ""
    tool_choice: str = ""
    reasoning_effort: str = ""
    service_tier: str = ""

    def __post_init__(self) -> None:
        _keep_well_formed(self)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat model answered.

    Attributes:
        text: the answer.
        model: who answered, by the server's own word.
        finish_reason: `stop`, or why it ends: `length`, `content_filter`.
        usage: what it took, corrections included.
        value: what the answer says, where a shape of it was asked for: a dict, or a pydantic model.
        cached: whether it is of an earlier run, and cost this one nothing.
        tool_calls: what the model wants done; empty where it answers.
        turns: what was said between the question and the answer: calls of tools, and results.
    """

    text: str
    model: str
    finish_reason: str
    usage: Usage
    value: Any = None
    cached: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    turns: tuple[Message, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether the answer was cut off."""
        return self.finish_reason in ("length", "content_filter")


def _keep_well_formed(request: Any) -> None:
    """Put U+FFFD for what no server can be sent: halves of surrogate pairs, which stand for the
    bytes of arguments that were no text."""
    for each in fields(request):
        value = getattr(request, each.name)
        if isinstance(value, str):
            object.__setattr__(request, each.name, _well_formed(value))
        elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            object.__setattr__(request, each.name, tuple(map(_well_formed, value)))


def _well_formed(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
