"""`audiopipe ask`: jobs on stored transcripts, done by a chat model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.chat import tell_wait
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.transcribe import SOME_FAILED
from audiopipe.config import Settings, load
from audiopipe.data import Transcript
from audiopipe.errors import AudiopipeError, UsageError

if TYPE_CHECKING:
    from audiopipe.tasks import Scribe

Job = Callable[["Scribe", Transcript, str, str, Settings], str]


@click.command("ask")
@click.argument("job", type=click.Choice(["summary", "chapters", "actions", "clean", "translate"]))
@click.argument("transcripts", nargs=-1, required=True, metavar="TRANSCRIPT.json...")
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
    type=click.Choice(options.FORMATS),
    default="txt",
    help="txt or json; clean and translate give any format of transcripts.  [default: txt]",
)
@click.option("--into", default="", metavar="LANG", help="Code or name of the result's language.")
@click.option(
    "--prompts",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Files that replace the prompts of the same name in audiopipe/tasks/prompts.",
)
@options.chat_model
@options.corrections
@options.provider
@options.budget
@options.subtitles
@options.config
@options.verbosity
def command(
    job: str,
    transcripts: tuple[str, ...],
    output_dir: Path | None,
    output_format: str,
    into: str,
    prompts: Path | None,
    model: str | None,
    max_retries: int | None,
    config: Path | None,
    **flags: Any,
) -> int:
    """Have a chat model do a job on stored transcripts (the json that transcribe writes).

    Long transcripts go in parts that fit the model. Each time in a result is checked against the
    transcript. Answers are kept: the same command goes on where a run stopped.
    """
    _check(job, len(transcripts), output_dir, output_format, into)
    settings = load(flags, os.environ, config)
    from audiopipe.render import load as load_transcript
    from audiopipe.talk import Talk
    from audiopipe.tasks import Scribe

    failed = 0
    retries = {} if max_retries is None else {"max_retries": max_retries}
    with (
        stop_on_signals() as stop,
        Talk(model or "", settings=settings, listener=tell_wait, stop=stop) as talk,
    ):
        scribe = Scribe(talk, prompts=prompts, **retries)
        for path in map(Path, transcripts):
            try:
                text = _JOBS[job](scribe, load_transcript(path), into, output_format, settings)
                _write(text, path, output_dir, into if job == "translate" else job, output_format)
            except AudiopipeError as error:
                if error.stops_run:
                    raise
                complain(error)
                failed += 1
    LOGGER.info(
        "%d tokens read, %d written", scribe.usage.prompt_tokens, scribe.usage.completion_tokens
    )
    return (
        0 if not failed else SOME_FAILED if failed < len(transcripts) else AudiopipeError.exit_code
    )


def _check(job: str, inputs: int, output_dir: Path | None, output_format: str, into: str) -> None:
    if job == "translate" and not into:
        raise UsageError("translate needs a language: --into LANG")
    if job == "clean" and into:
        raise UsageError("clean keeps the language: take translate for another one")
    if job not in ("clean", "translate") and output_format not in ("txt", "json"):
        raise UsageError(f"a result of {job} is no transcript: take -f txt or -f json")
    if inputs > 1 and output_dir is None:
        raise UsageError("several results need a folder: -o DIR")


def _write(text: str, source: Path, folder: Path | None, name: str, output_format: str) -> None:
    from audiopipe.render import RENDERERS, write

    if folder is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    path = folder / f"{source.stem}.{name}{RENDERERS[output_format].ending}"
    write(text if text.endswith("\n") else f"{text}\n", path)
    LOGGER.info("%s -> %s", source, path)


def _summary(
    scribe: Scribe, transcript: Transcript, into: str, shape: str, settings: Settings
) -> str:
    summary = scribe.summary(transcript, into)
    return summary if shape == "txt" else _json({"summary": summary})


def _chapters(
    scribe: Scribe, transcript: Transcript, into: str, shape: str, settings: Settings
) -> str:
    """One a line, as video sites read them from a description."""
    chapters = scribe.chapters(transcript, into)
    if shape == "txt":
        return "".join(f"{_clock(each.span.start_s)} {each.title}\n" for each in chapters)
    return _json(
        {
            "chapters": [
                {"start": each.span.start_s, "end": each.span.end_s, "title": each.title}
                for each in chapters
            ]
        }
    )


def _actions(
    scribe: Scribe, transcript: Transcript, into: str, shape: str, settings: Settings
) -> str:
    items = scribe.action_items(transcript, into)
    if shape == "json":
        rows = [asdict(item) for item in items]
        return _json({"items": [{"start": row.pop("start_s"), **row} for row in rows]})
    lines = []
    for item in items:
        more = ", ".join(filter(None, (item.owner, item.due)))
        lines.append(f"- [{_clock(item.start_s)}] {item.task}" + (f" ({more})" if more else ""))
    return "\n".join(lines) if lines else "No action items."


def _clean(
    scribe: Scribe, transcript: Transcript, into: str, shape: str, settings: Settings
) -> str:
    from audiopipe.render import render

    return render(scribe.clean(transcript), shape, settings)


def _translate(
    scribe: Scribe, transcript: Transcript, into: str, shape: str, settings: Settings
) -> str:
    from audiopipe.render import render

    return render(scribe.translate(transcript, into), shape, settings)


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


_JOBS: Mapping[str, Job] = {
    "summary": _summary,
    "chapters": _chapters,
    "actions": _actions,
    "clean": _clean,
    "translate": _translate,
}
