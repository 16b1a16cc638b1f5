"""Options that several commands share, as named values."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from audiopipe.cli.log import to_stderr
from audiopipe.settings import Settings

DEFAULTS = Settings()
FORMATS = ("txt", "json", "verbose_json", "srt", "vtt", "tsv", "lrc", "csv", "md")

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def together(*options: Decorator) -> Decorator:
    """One decorator that adds all `options`, in their order in the help."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def _formats(ctx: click.Context, param: click.Parameter, text: str | None) -> Any:
    if text is None:
        return None
    names = tuple(name.strip().replace("-", "_") for name in text.split(",") if name.strip())
    if "all" in names:
        return FORMATS
    if unknown := [name for name in names if name not in FORMATS]:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {', '.join(FORMATS)} or all.")
    return names


def _verbosity(ctx: click.Context, param: click.Parameter, level: bool) -> None:
    if level:
        quiet = param.name == "quiet"
        logging.getLogger("audiopipe").setLevel(logging.ERROR if quiet else logging.DEBUG)


def _log_format(ctx: click.Context, param: click.Parameter, name: str) -> str:
    to_stderr(ndjson=name == "ndjson")
    return name


def _inputs(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> Any:
    if not names and not ctx.params["retry_failed"]:
        raise click.MissingParameter(ctx=ctx, param=param)
    return names


inputs = click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")

inputs_or_retry = together(
    click.argument("inputs", nargs=-1, metavar="INPUT...", callback=_inputs),
    click.option(
        "--retry-failed",
        is_flag=True,
        is_eager=True,
        help="Do what the batch in DIR has left undone, with its settings; of INPUT, if given.",
    ),
)

output = together(
    click.option(
        "-o",
        "--output-dir",
        metavar="DIR",
        help=f"Where results go; - writes one format to stdout.  [default: {DEFAULTS.output_dir}]",
    ),
    click.option(
        "-f",
        "--output-format",
        "output_formats",
        callback=_formats,
        metavar="LIST",
        help=f"Comma list of {', '.join(FORMATS)}, or all.  "
        f"[default: {','.join(DEFAULTS.output_formats)}]",
    ),
)

log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "ndjson"]),
    default="text",
    is_eager=True,
    callback=_log_format,
    help="How stderr tells: lines to read, or a JSON object a line.  [default: text]",
)

verbosity = together(
    click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_verbosity,
        help="Say nothing but errors.",
    ),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_verbosity,
        help="Say more, and show tracebacks.",
    ),
)

provider = together(
    click.option(
        "--backend",
        type=click.Choice(["auto", "groq", "openai", "local"]),
        help=f"Who does it.  [default: {DEFAULTS.backend}]",
    ),
    click.option("--base-url", metavar="URL", help="An OpenAI-compatible server."),
    click.option(
        "--tier",
        type=click.Choice(["free", "dev"]),
        help=f"The Groq account's tier.  [default: {DEFAULTS.tier}]",
    ),
    click.option(
        "-j",
        "--workers",
        type=click.IntRange(1),
        metavar="N",
        help="Requests under way at once.  [default: by backend]",
    ),
    click.option(
        "--max-wait",
        "max_wait_s",
        type=float,
        metavar="SECONDS",
        help="Longest time in which a provider's limit may let nothing through; a longer one "
        "stops the run.  [default: none]",
    ),
)

task = click.option("--task", type=click.Choice(["transcribe", "translate"]), help="What to do.")

narration = together(
    click.option("--voice", metavar="NAME", help="Who speaks.  [default: the model's first voice]"),
    click.option(
        "--pause",
        "pause_s",
        type=click.FloatRange(0, 60),
        metavar="SECONDS",
        help="Silence between paragraphs; others are in proportion.  "
        f"[default: {DEFAULTS.pause_s:g}]",
    ),
)

chat_model = click.option(
    "-m",
    "--model",
    metavar="NAME",
    help="Full id or short name (gpt-oss-120b, gpt-oss-20b).  [default: Groq's best, or the "
    "server's only one]",
)

corrections = click.option(
    "--max-retries",
    type=click.IntRange(0),
    metavar="N",
    help="Corrections to ask for if an answer is not as asked.  [default: 2]",
)

hearing = together(
    click.option(
        "-m",
        "--model",
        metavar="NAME",
        help="Full id, short name (turbo, large-v3, "
        "base, tiny.en) or folder.  [default: the backend's best price for the task]",
    ),
    click.option(
        "-l", "--language", metavar="LANG", help="Code or English name; guessed if left out."
    ),
    click.option(
        "--prompt",
        "--initial-prompt",
        "prompt",
        metavar="TEXT",
        help="Context or spellings for the model.",
    ),
    click.option(
        "--glossary",
        type=click.Path(resolve_path=True),
        metavar="FILE",
        help="Terms for the prompt, one a line, and replacements: heard => written.",
    ),
    click.option(
        "--condition-on-previous-text/--no-condition-on-previous-text",
        default=None,
        help="Ask for each chunk with the words before it in its prompt; the chunks of a "
        "recording then wait for one another.  [default: no]",
    ),
    click.option(
        "--temperature",
        type=float,
        metavar="0..1",
        help=f"Decoding temperature.  [default: {DEFAULTS.temperature:g}]",
    ),
    click.option(
        "--word-timestamps/--no-word-timestamps",
        default=None,
        help="Time each word.  [default: yes]",
    ),
    provider,
)

overwrite = click.option(
    "--overwrite", is_flag=True, default=None, help="Do inputs again whose results exist."
)

recognition = together(
    hearing,
    click.option(
        "--by-url",
        is_flag=True,
        default=None,
        help="Hand URLs to the provider instead of downloading them.",
    ),
    overwrite,
)

budget = together(
    click.option(
        "--limit",
        "limits",
        multiple=True,
        callback=lambda ctx, param, values: values or None,
        metavar="NAME=N",
        help="A limit of your account, such as rpm=20, ash=7200 or asd=none; may be repeated.",
    ),
    click.option(
        "--max-cost", "max_cost_usd", type=float, metavar="USD", help="Stop before costing more."
    ),
    click.option(
        "--max-requests", type=click.IntRange(1), metavar="N", help="Stop before sending more."
    ),
    click.option(
        "--cache/--no-cache",
        default=None,
        help="Keep answers and use those of earlier runs.  [default: yes]",
    ),
    click.option(
        "--cache-dir", metavar="DIR", help="Where answers are kept.  [default: the user's cache]"
    ),
)

trust = together(
    click.option(
        "--voice-check/--no-voice-check",
        default=None,
        help="Listen where somebody speaks, to flag text without speech and speech without text.  "
        "[default: yes]",
    ),
    click.option(
        "--flag-limit",
        "flag_limits",
        multiple=True,
        callback=lambda ctx, param, values: values or None,
        metavar="NAME=N",
        help="A limit of the flags, such as min-avg-logprob=-0.8 or max-repeats=none; may be "
        "repeated.",
    ),
    click.option(
        "--drop",
        callback=lambda ctx, param, kinds: tuple(kinds.split(",")) if kinds else None,
        metavar="LIST",
        help="Strike the text under flags of these kinds, such as "
        "likely-no-speech,text-without-speech.  [default: none]",
    ),
)

repair = together(
    click.option(
        "--repair/--no-repair",
        default=None,
        help="Ask again about flagged passages, cut and asked otherwise, and keep the better "
        "answer.  [default: no]",
    ),
    click.option(
        "--max-repairs",
        type=click.IntRange(0),
        metavar="N",
        help=f"Requests that repair may send for a chunk.  [default: {DEFAULTS.max_repairs}]",
    ),
    click.option(
        "--max-repair-cost",
        "max_repair_cost_usd",
        type=float,
        metavar="USD",
        help="What repairs may cost in a run; the rest goes on.  [default: no bound]",
    ),
    click.option(
        "--denoise/--no-denoise",
        default=None,
        help="Let repair try a passage with its noise reduced.  [default: no]",
    ),
)

cutting = together(
    click.option(
        "--chunk-length",
        "chunk_length_s",
        type=float,
        metavar="SECONDS",
        help=f"Longest chunk.  [default: {DEFAULTS.chunk_length_s:g}]",
    ),
    click.option(
        "--overlap",
        "overlap_s",
        type=float,
        metavar="SECONDS",
        help=f"What neighbouring chunks share.  [default: {DEFAULTS.overlap_s:g}]",
    ),
    click.option(
        "--upload-format",
        type=click.Choice(["flac", "wav", "opus"]),
        help=f"How chunks are encoded.  [default: {DEFAULTS.upload_format}]",
    ),
    click.option(
        "--channels",
        type=click.Choice(["mix", "left", "right", "split"]),
        help=f"Mix all, take one, or each by itself as a speaker.  [default: {DEFAULTS.channels}]",
    ),
    click.option(
        "--track",
        type=click.IntRange(1),
        metavar="N",
        help="Which audio track of a file with several.  [default: the first]",
    ),
    click.option(
        "--skip-silence",
        "skip_silence_s",
        is_flag=False,
        flag_value=2.0,
        type=float,
        metavar="SECONDS",
        help="Leave silence longer than this out of what is sent.  [default: off; alone: 2]",
    ),
    click.option(
        "--max-duration",
        "max_duration_s",
        type=float,
        metavar="SECONDS",
        help="Refuse longer inputs.  [default: none]",
    ),
)

subtitles = together(
    click.option(
        "--max-line-width",
        type=int,
        metavar="COLUMNS",
        help=f"Longest line of a subtitle.  [default: {DEFAULTS.max_line_width}]",
    ),
    click.option(
        "--max-line-count",
        type=int,
        metavar="N",
        help=f"Most lines of a subtitle.  [default: {DEFAULTS.max_line_count}]",
    ),
    click.option(
        "--max-cue-duration",
        "max_cue_duration_s",
        type=float,
        metavar="SECONDS",
        help=f"Longest time of a subtitle.  [default: {DEFAULTS.max_cue_duration_s:g}]",
    ),
    click.option(
        "--min-cue-duration",
        "min_cue_duration_s",
        type=float,
        metavar="SECONDS",
        help=f"Shortest time of a subtitle.  [default: {DEFAULTS.min_cue_duration_s:.3g}]",
    ),
    click.option(
        "--min-gap",
        "min_gap_s",
        type=float,
        metavar="SECONDS",
        help=f"Empty screen between two subtitles.  [default: {DEFAULTS.min_gap_s:.3g}]",
    ),
    click.option(
        "--reading-speed",
        "reading_speed_cps",
        type=float,
        metavar="COLUMNS",
        help="What is read in a second: a subtitle is held until it has been.  "
        f"[default: {DEFAULTS.reading_speed_cps:g}]",
    ),
)

config = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Settings as TOML, by the names of these flags.",
)
