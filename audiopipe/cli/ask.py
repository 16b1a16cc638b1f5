"""`audiopipe ask`: jobs on stored transcripts, done by a chat model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.chat import tell_wait
from audiopipe.cli.codes import of_inputs
from audiopipe.cli.inputs import transcripts as named
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.streams import put_whole
from audiopipe.errors import AudiopipeError, UsageError
from audiopipe.settings import FORMATS, load
from audiopipe.settings.kinds import Words
from audiopipe.text.languages import require_name

if TYPE_CHECKING:
    from audiopipe.values.transcript import Transcript

_SHAPES, _MARKERS = ("txt", "json"), ("edl", "fcpxml", "otio")
JOBS = ("summary", "chapters", "actions", "clean", "rewrite", "translate", "dialogue")


@options.command("ask", "summary talk.json", "translate talk.json --into de -f srt -o german")
@click.argument(
    "job", type=options.Value(Words(JOBS, "jobs"), "JOB"), metavar=f"[{'|'.join(JOBS)}]"
)
@click.argument("transcripts", nargs=-1, required=True, metavar="TRANSCRIPT...")
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where results go, as NAME.JOB.FORMAT.  [default: stdout]",
)
@click.option(
    "-f",
    "--output-format",
    type=options.Value(Words(FORMATS, "renderers")),
    metavar="FORMAT",
    default="txt",
    help="txt or json; chapters give edl, fcpxml and otio too; clean, rewrite and translate any "
    "format of transcripts.  "
    "[default: txt]",
)
@click.option("--into", default="", metavar="LANG", help="Code or name of the result's language.")
@click.option(
    "--hosts",
    default="Ann,Ben",
    metavar="NAMES",
    help="Who talks in a dialogue, with commas between.  [default: Ann,Ben]",
)
@click.option("--instruct", default="", metavar="TEXT", help="What rewrite is to do.")
@click.option(
    "--prompts",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Files that replace the prompts of the same name in audiopipe/conversation/jobs/prompts.",
)
@options.chat_model
@options.most_tokens
@options.corrections
@options.settings("ask")
@options.config
@options.verbosity
def command(
    job: str,
    transcripts: tuple[str, ...],
    output_dir: Path | None,
    output_format: str,
    into: str,
    instruct: str,
    hosts: str,
    prompts: Path | None,
    model: str | None,
    max_completion_tokens: int | None,
    max_retries: int | None,
    config: Path | None,
    **flags: Any,
) -> int:
    """Have a chat model do a job on transcripts: ours, as json, or those that `render` takes.

    Texts do too: .txt, .md, .html, .epub, .docx and .pdf. A dialogue is Markdown for `speak`.

    Long transcripts go in parts that fit the model. Each time in a result is checked against the
    transcript. Answers are kept: the same command goes on where a run stopped.
    """
    _check(job, len(transcripts), output_dir, output_format, into, instruct)
    settings = load(flags, os.environ, config)
    from audiopipe.conversation.jobs import Scribe
    from audiopipe.conversation.jobs.written import written
    from audiopipe.render import load as load_transcript
    from audiopipe.render import renderer, require_room, write_whole
    from audiopipe.session import Session
    from audiopipe.workflows.inputs.names import results

    failed, paths = 0, named(transcripts)
    ending = f".{into if job == 'translate' else job}{renderer(output_format).ending}"
    files = results(paths, output_dir, [ending])
    if output_dir is not None:
        require_room(output_dir, sum(map(_size, paths)))
    retries = {} if max_retries is None else {"max_retries": max_retries}
    with (
        stop_on_signals() as stop,
        Session(settings, listener=tell_wait, stop=stop) as session,
    ):
        chat = session.chat_session(model or "")
        scribe = Scribe(chat, prompts=prompts, most_tokens=max_completion_tokens, **retries)
        for path, (file,) in zip(paths, files, strict=True):
            try:
                transcript = _told(path) if _is_text(path) else load_transcript(path)
                asked, names = into or instruct, _names(hosts)
                made = written(scribe, job, transcript, asked, output_format, settings, names)
                if output_dir is None:
                    put_whole(made)
                    continue
                write_whole(made, file)
                LOGGER.info("%s -> %s", path, file)
            except AudiopipeError as error:
                if error.stops_run:
                    raise
                complain(error)
                failed += 1
    LOGGER.info(
        "%d tokens read, %d written", scribe.usage.prompt_tokens, scribe.usage.completion_tokens
    )
    return of_inputs(failed, len(transcripts))


def _check(
    job: str, inputs: int, output_dir: Path | None, output_format: str, into: str, instruct: str
) -> None:
    if job == "translate" and not into:
        raise UsageError("translate needs a language: --into LANG")
    if into:
        require_name(into)
    if (job == "rewrite") != bool(instruct):
        raise UsageError("rewrite, and nothing else, needs to be told what to do: --instruct TEXT")
    if job in ("clean", "rewrite") and into:
        raise UsageError(f"{job} keeps the language: take translate for another one")
    plain = dict.fromkeys(("summary", "actions", "dialogue"), _SHAPES)
    shapes = {**plain, "chapters": (*_SHAPES, *_MARKERS)}.get(job)
    if shapes and output_format not in shapes:
        listed = " or ".join(f"-f {each}" for each in shapes)
        raise UsageError(f"a result of {job} is no transcript: take {listed}")
    if inputs > 1 and output_dir is None:
        raise UsageError("several results need a folder: -o DIR")


def _names(hosts: str) -> tuple[str, ...]:
    return tuple(filter(None, (" ".join(name.split()) for name in hosts.split(","))))


_TEXTS = frozenset(".txt .md .markdown .html .htm .xhtml .epub .docx .pdf".split())


def _is_text(path: Path) -> bool:
    return path.suffix.lower() in _TEXTS


def _told(path: Path) -> Transcript:
    from audiopipe.speech.texts import read

    return read(path).transcript(path.name)


def _size(path: Path) -> int:
    """Bytes of a transcript: what is made of it is no larger."""
    return path.stat().st_size if path.is_file() else 0
