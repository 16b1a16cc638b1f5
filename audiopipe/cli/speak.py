"""`audiopipe speak`: a text in, a sound file out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.chat import tell_wait
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER
from audiopipe.cli.streams import read_stdin
from audiopipe.errors import UnreadableInput, UsageError
from audiopipe.settings import Settings, load
from audiopipe.settings.kinds import Listed, Words
from audiopipe.text.clocks import short_clock
from audiopipe.values.events import Event, Spoke

if TYPE_CHECKING:
    from audiopipe.speech import Speech
    from audiopipe.speech.script import Paragraph
    from audiopipe.speech.tags import Tags
    from audiopipe.speech.texts.manuscript import Manuscript

_PATH = re.compile(
    r"\S+[/\\]\S+|\S+\.(?:txt|md|markdown|text|rst|html?|docx?|epub|pdf|srt|vtt)", re.IGNORECASE
)
"""A word alone that can only be meant as a file: to speak its name would be no help."""
_STEPS, _LONG_LINES = 10, 50


@options.command(
    "speak",
    "chapter.md -o chapter.m4a --voice heart",
    "book.epub -o book.m4b --genre Fiction --speed 1.1",
    "interview.md -o interview.mp3 --cast cast.toml",
    '"Good morning." -o morning.wav --backend local',
)
@click.argument("text", metavar="TEXT|FILE|-")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The file to write: .wav, .flac, .mp3, .m4a, .m4b or .opus.",
)
@click.option("--title", default="", metavar="TEXT", help="Tag of the file.")
@click.option("--author", default="", metavar="TEXT", help="Tag of the file.")
@click.option("--album", default="", metavar="TEXT", help="Tag of the file.")
@click.option("--genre", default="", metavar="TEXT", help="Tag of the file.")
@click.option("--year", default="", metavar="YEAR", help="Tag of the file.")
@click.option(
    "--cover",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A picture, JPEG or PNG.  [default: the book's]",
)
@click.option(
    "--cast",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="TOML: for each speaker a table with voice, model, server, pace.",
)
@click.option(
    "--lexicon",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="How words are said, one a line: word => how it sounds, or /its IPA/.",
)
@click.option("--per-chapter", is_flag=True, help="A file for each chapter, as NAME.01.m4a.")
@click.option(
    "--subtitles",
    default="",
    type=options.Value(Listed(Words(("srt", "vtt")))),
    metavar="LIST",
    help="What is spoken when, beside it: srt, vtt.",
)
@options.settings(
    "speak",
    model="Full id or short name (orpheus, orpheus-arabic, hibari).  [default: by backend]",
    language="Of the text, as code or English name.",
)
@options.config
@options.verbosity
def command(
    text: str,
    output: Path,
    cover: Path | None,
    cast: Path | None,
    lexicon: Path | None,
    per_chapter: bool,
    subtitles: tuple[str, ...],
    config: Path | None,
    **flags: Any,
) -> int:
    """Speak a text into one file, at -16 LUFS; headings become chapters.

    The argument is a file (text, Markdown, HTML, EPUB, docx, PDF, srt, vtt or a transcript), - for
    stdin, or the text itself. Each line is kept as it arrives: the same command goes on where a run
    stopped, and a changed text costs only what changed.
    """
    told = {name: flags.pop(name) for name in ("title", "author", "album", "genre", "year")}
    settings = load(flags, os.environ, config)
    from audiopipe.session import Session
    from audiopipe.speech import require_cover, require_kind
    from audiopipe.speech.cast import read_cast
    from audiopipe.speech.lexicon import read_lexicon

    require_kind(output.suffix)
    manuscript = _read(text)
    tags = _tags(manuscript, told, cover, output.suffix)
    if tags.cover:
        require_cover(tags.cover, output.suffix)
    with stop_on_signals() as stop, Session(settings, listener=tell_spoken, stop=stop) as session:
        more: dict[str, Any] = {
            "lexicon": read_lexicon(lexicon) if lexicon else None,
            "cast": read_cast(cast, session) if cast else None,
            "language": settings.language or manuscript.language,
        }
        parts = _per_chapter(manuscript, output) if per_chapter else [(output, tags.title, None)]
        for path, title, said in parts:
            spoken = manuscript.paragraphs if said is None else said
            named = replace(tags, title=title)
            speech = session.speak(spoken, path, tags=named, **more)
            _write_subtitles(speech, subtitles, settings)
            _tell(speech)
    return 0


def _tags(manuscript: Manuscript, told: dict[str, str], cover: Path | None, ending: str) -> Tags:
    """As the user says, else as the text's file does."""
    from audiopipe.audio.mastering import KINDS
    from audiopipe.speech.tags import Tags

    if cover:
        try:
            picture = cover.read_bytes()
        except OSError as error:
            raise UsageError(f"--cover {cover}: {error.strerror}") from error
    else:
        picture = manuscript.cover if KINDS[ending.lower()].has_cover else b""
    own = {name: getattr(manuscript, name) for name in ("title", "author", "year")}
    return Tags(cover=picture, **{name: tag or own.get(name, "") for name, tag in told.items()})


def _per_chapter(
    manuscript: Manuscript, output: Path
) -> Sequence[tuple[Path, str, Sequence[Paragraph]]]:
    """A file, a title and the paragraphs of each chapter; what is before the first is its own."""
    groups: list[list[Paragraph]] = []
    for each in manuscript.paragraphs:
        if each.is_heading or not groups:
            groups.append([])
        groups[-1].append(each)
    groups = [group for group in groups if any(each.text.strip() for each in group)]
    width = max(2, len(str(len(groups))))
    return [
        (
            output.with_name(f"{output.stem}.{number:0{width}}{output.suffix}"),
            group[0].text if group[0].is_heading else manuscript.title,
            group,
        )
        for number, group in enumerate(groups, 1)
    ]


def _write_subtitles(speech: Speech, formats: Sequence[str], settings: Settings) -> None:
    if not formats:
        return
    from audiopipe.render import render, write

    transcript = speech.transcript()
    for name in formats:
        path = speech.path.with_suffix(f".{name}")
        write(render(transcript, name, settings), path)
        LOGGER.info("%s", path)


def _tell(speech: Speech) -> None:
    cost = "unknown cost" if speech.spent.cost_usd is None else f"${speech.spent.cost_usd:.4f}"
    LOGGER.info(
        "%s: %s, chapters: %d, voice %s of %s; requests: %d, %s",
        speech.path,
        short_clock(speech.duration_s),
        len(speech.chapters),
        speech.voice,
        speech.model,
        speech.spent.requests,
        cost,
    )


def _read(argument: str) -> Manuscript:
    """What is spoken: the text itself, that of stdin, or that of a file."""
    from audiopipe.speech.texts import read
    from audiopipe.speech.texts.plain import markdown

    is_file = os.path.isfile(argument)  # noqa: PTH113 - a long text is no path, and no error
    if argument != "-" and not is_file and not _PATH.fullmatch(argument):
        return markdown(argument)
    if argument == "-":
        return markdown(read_stdin())
    if not os.path.exists(argument):  # noqa: PTH110 - as above
        raise UnreadableInput(
            f"cannot read {argument}: No such file; a text of one word comes by stdin, as -"
        )
    manuscript = read(Path(argument))
    if manuscript.missing:
        LOGGER.warning("%s: it has no %s", argument, ", ".join(manuscript.missing))
    return manuscript


def tell_spoken(event: Event) -> None:
    """A line for each tenth of a long text, and for each long wait."""
    if not isinstance(event, Spoke):
        tell_wait(event)
        return
    LOGGER.debug("%d of %d: %s", event.number, event.lines, event.text)
    if event.lines >= _LONG_LINES and event.number % (event.lines // _STEPS) == 0:
        LOGGER.info("%d of %d lines", event.number, event.lines)
