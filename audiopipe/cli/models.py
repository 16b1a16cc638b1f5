"""`audiopipe models`: the table of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from audiopipe.backends.catalog import MODELS, PRICE_UNITS, Model
from audiopipe.cli import options
from audiopipe.cli.streams import put
from audiopipe.limits.rules import Limits

HEADINGS = ("model", "tasks", "languages", "price", "free tier", "status", "take instead")


@options.command("models", "", "| grep transcribe")
@options.verbosity
def command() -> int:
    """List the models: task, price, limits of the free tier, status, replacement."""
    rows = [HEADINGS, *map(_row, MODELS)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        put("  ".join(map(str.ljust, row, widths)).rstrip())
    return 0


def _row(model: Model) -> Sequence[str]:
    return (
        model.id,
        ",".join(model.tasks),
        model.languages or "",
        _price(model),
        _limits(model.limits),
        f"retired {model.retired_on}" if model.retired_on else model.status,
        model.replacement or "",
    )


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
