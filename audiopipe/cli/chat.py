"""`audiopipe chat`: a question to a chat model, and its answer on stdout."""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import click

from audiopipe.cli import options
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import put, put_whole, read_stdin
from audiopipe.errors import Stopped, UsageError
from audiopipe.settings import load
from audiopipe.settings.kinds import Number, Words
from audiopipe.values.events import Event, Waiting
from audiopipe.values.requests import Reply

_LEAST_WAIT_S = 1.0


@options.command("chat", '"Why is the sky blue?"', "- --schema answer.schema.json < question.txt")
@click.argument("message", metavar="MESSAGE|-")
@click.option("--system", metavar="TEXT", help="What the model is told first.")
@options.chat_model
@click.option(
    "--temperature",
    type=options.Value(Number(high=2)),
    metavar="0..2",
    help="0 repeats, 2 surprises.",
)
@click.option(
    "--top-p",
    type=options.Value(Number(high=1, is_above=True)),
    metavar="0..1",
    help="Share of likely words to choose from.",
)
@options.most_tokens
@click.option("--stop", multiple=True, metavar="TEXT", help="End the answer here; up to four.")
@click.option(
    "--seed",
    type=options.Value(Number(is_whole=True, low=-math.inf)),
    metavar="N",
    help="For answers that repeat.",
)
@click.option(
    "--reasoning-effort",
    metavar="[none|low|medium|high]",
    help="How long a model that thinks does so; which words it knows depends on the model.",
)
@click.option(
    "--service-tier",
    type=options.Value(Words(("auto", "on_demand", "flex", "performance"))),
    metavar="[auto|on_demand|flex|performance]",
    help="Whose turn it is at the provider.",
)
@click.option(
    "--stream/--no-stream",
    default=None,
    help="Write the answer as it comes.  [default: on a terminal]",
)
@click.option("--json", "as_json", is_flag=True, help="Ask for a JSON object, and check it.")
@click.option(
    "--schema",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Ask for JSON by this JSON Schema, and check it.",
)
@options.corrections
@options.settings("chat")
@options.config
@options.verbosity
def command(
    message: str,
    model: str | None,
    config: Path | None,
    stream: bool | None,
    as_json: bool,
    schema: Path | None,
    max_retries: int | None,
    **flags: Any,
) -> int:
    """Ask a chat model, and write its answer to stdout.

    Needs GROQ_API_KEY, or an OpenAI-compatible server: --base-url http://localhost:11434/v1. An
    answer with --temperature 0 or --seed is kept, and given again without a request.
    """
    names = (
        *("system", "temperature", "top_p", "max_completion_tokens", "stop", "seed"),
        *("reasoning_effort", "service_tier"),
    )
    asked = {name: flags.pop(name) for name in names}
    settings = load(flags, os.environ, config)
    structured = as_json or schema is not None
    if stream and structured:
        raise UsageError("--stream cannot be used with JSON: a part of it is no JSON")
    shape = None if schema is None else _schema(schema)
    from audiopipe.session import Session

    text = read_stdin() if message == "-" else message
    with Session(settings, listener=tell_wait) as session:
        chat_session = session.chat_session(model or "")
        if structured:
            retries: dict[str, Any] = {} if max_retries is None else {"max_retries": max_retries}
            reply = chat_session.ask(text, json=as_json, schema=shape, **retries, **asked)
            put(json.dumps(reply.value, ensure_ascii=False, indent=1))
        elif stream or (stream is None and sys.stdout.isatty()):
            reply = _streamed(chat_session.stream(text, **asked))
        else:
            reply = chat_session.ask(text, **asked)
            put_whole(reply.text)
    _tell(reply)
    return 0


def tell_wait(event: Event) -> None:
    """A line for each wait that somebody might take for a standstill."""
    if isinstance(event, Waiting) and event.wait_s >= _LEAST_WAIT_S:
        LOGGER.info("waiting %.0f s: %s", event.wait_s, event.reason)


def _streamed(pieces: Any) -> Reply:
    """Write the pieces as they come."""
    last = ""
    with pieces:
        try:
            for last in pieces:
                put(last, "")
        except KeyboardInterrupt:
            raise Stopped("stopped: the answer is not whole") from None
        finally:
            if last:
                put("", "" if last.endswith("\n") else "\n")
        return pieces.reply  # type: ignore[no-any-return]


def _schema(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the JSON Schema in {path}: {error}") from error


def _tell(reply: Reply) -> None:
    """What it took, on stderr."""
    usage = reply.usage
    cost = "unknown cost" if usage.cost_usd is None else f"${usage.cost_usd:.6f}"
    kept = ", kept from an earlier run" if reply.cached else ""
    LOGGER.info(
        "%s: %d tokens read, %d written, %s%s",
        reply.model or "the model",
        usage.prompt_tokens,
        usage.completion_tokens,
        cost,
        kept,
    )
