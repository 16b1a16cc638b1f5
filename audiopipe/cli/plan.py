"""`audiopipe plan`: what a batch will take, before anything is spent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiopipe.cli import options
from audiopipe.cli.codes import of_inputs
from audiopipe.cli.inputs import find_inputs, open_input
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import put
from audiopipe.settings import Settings, load
from audiopipe.text.clocks import in_words

if TYPE_CHECKING:
    from audiopipe.workflows.plan import Load, Plan


@options.command("plan", "recordings/", "recordings/ --tier dev -m large-v3 --json")
@options.inputs
@options.as_json
@options.settings("plan")
@options.config
@options.verbosity
def command(inputs: tuple[str, ...], as_json: bool, config: Path | None, **flags: Any) -> int:
    """Tell what a batch will take: chunks, megabytes, price, share of each limit, time.

    Takes the flags of transcribe. Reads headers, and decodes only files whose headers do not tell
    their length. Nothing is sent and no key is needed.
    """
    from audiopipe.workflows.plan import plan

    settings = load(flags, os.environ, config)
    items = find_inputs(inputs, settings)
    told = plan((open_input(item) for item in items if not item.error), settings)
    failed = [*(str(item.error) for item in items if item.error), *told.unusable]
    for line in failed:
        LOGGER.error("%s", line)
    if as_json:
        put(json.dumps(asdict(told), ensure_ascii=False))
    elif len(failed) < len(items):
        put("\n".join(_lines(told, settings)))
    return of_inputs(len(failed), len(items))


def _lines(plan: Plan, settings: Settings) -> Iterator[str]:
    load = plan.load
    more = f", {plan.decoded} decoded to know their length" if plan.decoded else ""
    yield f"recordings   {plan.files}, {in_words(plan.recorded_s)}{more}"
    if plan.unknown:
        yield f"not counted  {len(plan.unknown)} to download: their length is not known before"
    yield f"model        {plan.model} ({plan.backend})"
    length = f"{load.chunk_length_s:.10g} s with {settings.overlap_s:g} s overlap"
    about = "at most" if plan.is_bound else "about"
    yield f"requests     {about} {load.requests:,}, each a chunk of up to {length}"
    yield f"audio        {in_words(load.audio_s)} to send, {_percent(load)} of it overlap"
    yield f"upload       about {plan.upload_bytes / 1e6:,.0f} MB (an estimate)"
    if plan.prices:
        yield f"billed       {load.billed_s:,.0f} s, each request at least 10 s"
        yield ""
        yield from _table(("price", "model"), _prices(plan))
    if plan.shares:
        yield ""
        yield from _table(("share", "needed", "limit"), _shares(plan))
    yield ""
    yield from _verdict(plan, settings)


def _verdict(plan: Plan, settings: Settings) -> Iterator[str]:
    load, soonest = plan.load, plan.soonest
    held = f"the limits hold it for {in_words(load.finish_s)}: {load.cause}"
    if settings.batch:
        yield "finish       within 7 days, by the batch API, at half the price: name addresses"
    else:
        yield f"finish       {held if load.finish_s else 'no limit holds it up'}"
    if soonest != load:
        length = f"--chunk-length {soonest.chunk_length_s:.10g}"
        yield f"sooner       {in_words(soonest.finish_s)} with {length}"
    if plan.advice:
        yield f"recommended  -m {plan.advice.model}: {plan.advice.reason}"
    if plan.cost_usd and 0 < settings.max_cost_usd < plan.cost_usd:
        yield f"stops        at --max-cost {settings.max_cost_usd:g}, before it is done"
    if 0 < settings.max_requests < load.requests:
        yield f"stops        at --max-requests {settings.max_requests}, before it is done"


def _prices(plan: Plan) -> Iterator[Sequence[str]]:
    for each in plan.prices:
        yield _usd(each.cost_usd), each.model


def _shares(plan: Plan) -> Iterator[Sequence[str]]:
    for each in plan.shares:
        yield f"{each.share:.1%}", f"{each.needed:,.0f}", f"{each.units:.10g} {each.words}"


def _table(headings: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    """Right-aligned columns; the last one is text."""
    for *numbers, text in (headings, *rows):
        yield "".join(f"{number:>11}" for number in numbers) + f"  {text}"


def _usd(cost: float | None) -> str:
    return "" if cost is None else f"${cost:,.2f}" if cost >= 1 else f"${cost:.4f}"


def _percent(load: Load) -> str:
    return f"{load.overlap_s / load.audio_s if load.audio_s else 0:.1%}"
