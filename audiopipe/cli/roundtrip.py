"""`audiopipe roundtrip`: a recording in, its transcript, its narration and a report out."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.inputs import find_inputs, open_input
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER
from audiopipe.cli.speak import tell_spoken
from audiopipe.errors import UsageError
from audiopipe.settings import load
from audiopipe.settings.kinds import Words
from audiopipe.values.events import Event, Heard, Lost, Mended
from audiopipe.values.requests import Usage

if TYPE_CHECKING:
    from audiopipe.workflows.roundtrip import RoundTrip


@options.command(
    "roundtrip",
    "episode.mp3 -o told --into de",
    "episode.mp3 -o told --align --max-cost 1",
)
@click.argument("episode", metavar="EPISODE")
@click.option("--into", default="", metavar="LANG", help="Translate before it is spoken.")
@click.option("--instruct", default="", metavar="TEXT", help="Rewrite so before it is spoken.")
@click.option(
    "--align",
    is_flag=True,
    help="Begin no sentence earlier than in the recording: pauses are stretched.",
)
@click.option(
    "--format",
    "kind",
    type=options.Value(Words(("m4a", "m4b", "mp3", "opus", "flac", "wav"))),
    metavar="[m4a|m4b|mp3|opus|flac|wav]",
    default="m4a",
    help="Of the narration.  [default: m4a]",
)
@click.option("--speech-model", default="", metavar="NAME", help="See audiopipe speak --model.")
@click.option("--speech-url", default="", metavar="URL", help="A server for the narration alone.")
@click.option("--chat-model", default="", metavar="NAME", help="See audiopipe chat --model.")
@click.option(
    "--chat-url", default="", metavar="URL", help="A server for --into and --instruct alone."
)
@options.settings("roundtrip", output_dir="Where results go.  [default: .]")
@options.config
@options.verbosity
def command(
    episode: str,
    kind: str,
    config: Path | None,
    **given: Any,
) -> int:
    """Transcribe a recording, speak it again, and transcribe the narration to see how well it can
    be understood.

    Writes DIR/NAME.json and .txt (the transcript), .script.md (what is spoken), .narration.m4a,
    .heard.json, and .report.json with costs and the error rate. All answers are kept: the same
    command goes on where a run stopped, with one budget for all of it.
    """
    asked = {name: given.pop(name) for name in _ASKED}
    settings = load(given, os.environ, config)
    item, *more = find_inputs([episode], settings)
    if more:
        raise UsageError(f"one recording at a time, and {episode} names {len(more) + 1}")
    if item.error:
        raise item.error
    from audiopipe.session import Session

    name = PurePath(item.stem).name
    with stop_on_signals() as stop, Session(settings, listener=tell_step, stop=stop) as session:
        trip = session.roundtrip(
            open_input(item),
            settings.output_dir,
            name=name,
            ending=f".{kind}",
            **asked,
        )
    _tell_end(name, trip)
    return SOME_FAILED if trip.transcript.failures else 0


_ASKED = ("into", "instruct", "align", "chat_model", "speech_model", "chat_url", "speech_url")


def tell_step(event: Event) -> None:
    """A line for what was lost, for long waits and long texts."""
    if isinstance(event, Lost):
        LOGGER.warning(
            "%s: nothing from %.0f s on: %s", event.source, event.span.start_s, event.reason
        )
    elif isinstance(event, Heard | Mended):
        LOGGER.debug("heard %.0f to %.0f s", event.span.start_s, event.span.end_s)
    else:
        tell_spoken(event)


def _tell_end(name: str, trip: RoundTrip) -> None:
    spent = sum((step.spent for step in trip.steps), Usage())
    cost = "unknown cost" if spent.cost_usd is None else f"${spent.cost_usd:.4f}"
    LOGGER.info(
        "%s: of %d %s spoken, %.1f %% were heard otherwise; requests: %d, %s",
        name,
        trip.score.words,
        trip.score.unit,
        100 * trip.score.wer,
        spent.requests,
        cost,
    )
