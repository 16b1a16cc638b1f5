"""`audiopipe speak`: a text in, a sound file out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.chat import tell_wait
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import read_stdin
from audiopipe.errors import UnreadableInput
from audiopipe.settings import load
from audiopipe.text.clocks import short_clock
from audiopipe.values.events import Event, Spoke

if TYPE_CHECKING:
    from audiopipe.speech.script import Paragraph

_PATH = re.compile(
    r"\S+[/\\]\S+|\S+\.(?:txt|md|markdown|text|rst|html?|docx?|epub|pdf|srt|vtt)", re.IGNORECASE
)
"""A word alone that can only be meant as a file: to speak its name would be no help."""
_STEPS, _LONG_LINES = 10, 50


@options.command(
    "speak",
    "chapter.md -o chapter.m4a --voice heart",
    '"Good morning." -o morning.wav --backend local',
)
@click.argument("text", metavar="TEXT|FILE|-")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write: .wav, .flac, .mp3, .m4a or .opus.",
)
@click.option("--title", default="", metavar="TEXT", help="Tag of the file.")
@click.option("--author", default="", metavar="TEXT", help="Tag of the file.")
@options.settings(
    "speak",
    model="Full id or short name (orpheus, orpheus-arabic, hibari).  [default: by backend]",
    language="Of the text, as code or English name.",
)
@options.config
@options.verbosity
def command(
    text: str, output: Path, title: str, author: str, config: Path | None, **flags: Any
) -> int:
    """Speak a text into one file, at -16 LUFS; Markdown headings become chapters.

    The argument is a file of text or Markdown, a transcript as JSON or subtitles, - for stdin, or
    the text itself. Each line is kept as it arrives: the same command goes on where a run stopped,
    and a changed text costs only what changed.
    """
    settings = load(flags, os.environ, config)
    from audiopipe.session import Session

    with stop_on_signals() as stop, Session(settings, listener=tell_spoken, stop=stop) as session:
        speech = session.speak(
            _read(text),
            output,
            title=title,
            author=author,
        )
    cost = "unknown cost" if speech.spent.cost_usd is None else f"${speech.spent.cost_usd:.4f}"
    LOGGER.info(
        "%s: %s, chapters: %d, voice %s of %s; requests: %d, %s",
        output,
        short_clock(speech.duration_s),
        len(speech.chapters),
        speech.voice,
        speech.model,
        speech.spent.requests,
        cost,
    )
    return 0


def _read(argument: str) -> str | tuple[Paragraph, ...]:
    """The text itself, or that of stdin or of a file; of a transcript its paragraphs, as
    corrected."""
    is_file = os.path.isfile(argument)  # noqa: PTH113 - a long text is no path, and no error
    if argument != "-" and not is_file and not _PATH.fullmatch(argument):
        return argument
    if argument == "-":
        return read_stdin()
    if argument.lower().endswith((".json", ".srt", ".vtt")):
        from audiopipe.render import load as load_transcript
        from audiopipe.workflows.roundtrip.manuscript import manuscript, with_headings

        return manuscript(with_headings(load_transcript(argument), ()), align=False)
    try:
        return Path(argument).read_text("utf-8-sig")
    except OSError as error:
        raise UnreadableInput(
            f"cannot read {argument}: {error.strerror}; a text of one word comes by stdin, as -"
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"{argument} is no text in UTF-8: convert it first") from error


def tell_spoken(event: Event) -> None:
    """A line for each tenth of a long text, and for each long wait."""
    if not isinstance(event, Spoke):
        tell_wait(event)
        return
    LOGGER.debug("%d of %d: %s", event.number, event.lines, event.text)
    if event.lines >= _LONG_LINES and event.number % (event.lines // _STEPS) == 0:
        LOGGER.info("%d of %d lines", event.number, event.lines)
