"""`audiopipe models`: the table of models, and what the server says of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.backends.catalog import MODELS, PRICE_UNITS, Model, find
from audiopipe.cli import options
from audiopipe.cli.streams import on_one_line, put
from audiopipe.limits.rules import Limits
from audiopipe.settings import load

if TYPE_CHECKING:
    from audiopipe.backends.wire.models import LiveModel

HEADINGS = (
    *("model", "tasks", "languages", "price", "context", "most written", "free tier", "status"),
    "take instead",
)
LIVE_HEADINGS = ("model", "tasks", "by", "context", "most written", "status")


@options.command("models", "", "--live", "| grep transcribe")
@click.option("--live", is_flag=True, help="Ask the server which models the key may use.")
@options.settings("models")
@options.config
@options.verbosity
def command(live: bool, config: Path | None, **flags: Any) -> int:
    """List the models: task, price, context, limits of the free tier, status, replacement.

    With --live the server is asked: what the key may use, what is new to this version, and what is
    gone. That needs GROQ_API_KEY, or a server's --base-url.
    """
    if live:
        _put([LIVE_HEADINGS, *_live(load(flags, os.environ, config))])
    else:
        _put([HEADINGS, *map(_row, MODELS)])
    return 0


def _live(settings: Any) -> Iterator[Sequence[str]]:
    from audiopipe.session import Session

    with Session(settings) as session:
        models = session.models()
        is_groq = session.chatter().name == "groq"
    for model in models:
        yield _live_row(model)
    listed = {model.id for model in models}
    for known in MODELS if is_groq else ():
        if known.provider == "groq" and not known.retired_on and known.id not in listed:
            yield (known.id, ",".join(known.tasks), "", "", "", "gone, or not for this key")


def _live_row(model: LiveModel) -> Sequence[str]:
    known = find(model.id)
    status = "new" if known is None else f"retired {known.retired_on}" if known.retired_on else ""
    return (
        model.id,
        ",".join(known.tasks) if known else "",
        model.owner,
        _count(model.context or (known.context if known else None)),
        _count(model.max_output or (known.max_output if known else None)),
        "not active" if not model.active else status or (known.status if known else ""),
    )


def _put(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        put(on_one_line("  ".join(map(str.ljust, row, widths)).rstrip()))


def _row(model: Model) -> Sequence[str]:
    return (
        model.id,
        ",".join(model.tasks),
        model.languages or "",
        _price(model),
        _count(model.context),
        _count(model.max_output),
        _limits(model.limits),
        f"retired {model.retired_on}" if model.retired_on else model.status,
        model.replacement or "",
    )


def _count(tokens: int | None) -> str:
    return f"{tokens}" if tokens else ""


def _price(model: Model) -> str:
    if model.price_usd is None:
        return ""
    if not model.price_usd:
        return "free"
    written = f" (written ${model.output_price_usd:g})" if model.output_price_usd else ""
    return f"${model.price_usd:g} per {PRICE_UNITS[model.tasks[0]]}{written}"


def _limits(limits: Limits) -> str:
    named = ((field.name, getattr(limits, field.name)) for field in fields(limits))
    return " ".join(f"{name}={value:.0f}" for name, value in named if value is not None)
