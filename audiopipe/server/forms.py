"""The dialects of clients, as one request."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from audiopipe.server.refusals import Refusal
from audiopipe.settings import Settings
from audiopipe.text.languages import code_of
from audiopipe.values.audio import Task

Fields = Mapping[str, tuple[str, ...]]

SHAPES = ("json", "verbose_json", "text", "srt", "vtt", "diarized_json")
"""OpenAI's names of formats."""

_TRUE = ("1", "true", "yes", "on")
_FALSE = ("", "0", "false", "no", "off")
_MOST_PROMPT = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a recording, whatever the dialect.

    Attributes:
        task: `transcribe`, or `translate` into English.
        language: code of what is spoken; None takes the server's, or lets it be guessed.
        prompt: context or spellings; None takes the server's.
        temperature: 0 to 1; None takes the server's.
        shape: of the reply, one of `SHAPES`, or tsv.
        words: whether verbose_json lists words.
        stream: whether the reply is a stream of events.
        review: whether the recording is kept until its result expires, to be heard in a review.
    """

    task: Task = "transcribe"
    language: str | None = None
    prompt: str | None = None
    temperature: float | None = None
    shape: str = "json"
    words: bool = False
    stream: bool = False
    review: bool = False

    def key(self, client: str, sha256: str) -> str:
        """Equal for those requests of a client that one recognition answers.

        Args:
            client: no client meets another's work here; the store shares answers among them.
            sha256: of the recording.
        """
        parts = [client, sha256, self.task, self.language, self.prompt, self.temperature]
        parts += ["speakers"] * self.wants_speakers
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @property
    def wants_speakers(self) -> bool:
        """Whether the reply says who speaks."""
        return self.shape == "diarized_json"

    def changes(self, settings: Settings) -> dict[str, Any]:
        """The settings that it names, and those of the server that it changes.

        Args:
            settings: of the server.
        """
        named = {
            "language": self.language,
            "prompt": self.prompt,
            "temperature": self.temperature,
        }
        given = {name: value for name, value in named.items() if value is not None}
        if self.wants_speakers and settings.channels != "split":
            given["speakers"] = settings.who or "auto"
        return {"task": self.task, **given}

    def to_json(self) -> str:
        """As text, for `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Ask:
        return cls(**json.loads(text))


def openai(fields: Fields, task: Task) -> Ask:
    """A form of OpenAI's; Groq's, and those of all other clients, are alike.

    Any model id is taken: clients have theirs built in, and the server its own.

    Raises:
        Refusal: a value that is not allowed.
    """
    grains = {
        grain for value in fields.get("timestamp_granularities", ()) for grain in _list(value)
    }
    if wrong := grains - {"word", "segment", ""}:
        raise _wrong("timestamp_granularities", min(wrong), "word and segment")
    return Ask(
        task=task,
        language=_language(_one(fields, "language")),
        prompt=_prompt(_one(fields, "prompt")),
        temperature=_temperature(_one(fields, "temperature")),
        shape=_shape(_one(fields, "response_format") or "json"),
        words="word" in grains,
        stream=_switch(fields, "stream"),
    )


def job(fields: Fields, task: str) -> Ask:
    """A form of OpenAI's, which names its task beside.

    Raises:
        Refusal: a value that is not allowed.
    """
    asked = openai(fields, _task(task))
    return replace(asked, stream=False, review=_switch(fields, "review"))


_ASR_SHAPES = {"txt": "text", "text": "text", "json": "verbose_json"}


def asr(fields: Fields) -> Ask:
    """A query of whisper-asr-webservice, which Bazarr and subgen speak.

    Raises:
        Refusal: a value that is not allowed.
    """
    output = _one(fields, "output") or "txt"
    if output not in ("srt", "vtt", "tsv", *_ASR_SHAPES):
        raise _wrong("output", output, "txt, json, srt, vtt or tsv")
    return Ask(
        task=_task(_one(fields, "task") or "transcribe"),
        language=_language(_one(fields, "language")),
        prompt=_prompt(_one(fields, "initial_prompt")),
        shape=_ASR_SHAPES.get(output, output),
        words=_switch(fields, "word_timestamps"),
    )


def is_raw(fields: Fields) -> bool:
    """Whether a query of whisper-asr-webservice comes with samples without a header."""
    encode = (_one(fields, "encode") or "true").lower()
    return encode in _FALSE


def _task(name: str) -> Task:
    if name not in ("transcribe", "translate"):
        raise _wrong("task", name, "transcribe or translate")
    return "translate" if name == "translate" else "transcribe"


def _one(fields: Fields, name: str) -> str:
    return fields.get(name, ("",))[-1].strip()


def _list(value: str) -> list[str]:
    return [each.strip(' "[]') for each in value.split(",")]


def _switch(fields: Fields, name: str) -> bool:
    value = _one(fields, name).lower()
    if value not in _TRUE + _FALSE:
        raise _wrong(name, value, "true or false")
    return value in _TRUE


def _language(name: str) -> str | None:
    if name.lower() in ("", "auto", "null", "none", "und"):
        return None
    code = code_of(name)
    if code is None:
        raise _wrong("language", name, "a code such as de, or an English name")
    return code


def _prompt(text: str) -> str | None:
    if len(text) > _MOST_PROMPT:
        raise Refusal(400, f"prompt is longer than {_MOST_PROMPT} characters", param="prompt")
    return text.replace("\0", "") or None


def _temperature(text: str) -> float | None:
    if not text or text == "null":
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise _wrong("temperature", text, "a number from 0 to 1")
    return value


def _shape(name: str) -> str:
    if name not in SHAPES:
        raise _wrong("response_format", name, ", ".join(SHAPES))
    return name


def _wrong(name: str, value: str, allowed: str) -> Refusal:
    shown = ascii(value[:60])
    return Refusal(400, f"{name} cannot be {shown}: {allowed}", "invalid_value", name)
