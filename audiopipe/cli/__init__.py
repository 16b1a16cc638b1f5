"""The command line: one file a command."""

from __future__ import annotations

import importlib
import io
import logging
import sys
from types import TracebackType

import click

from audiopipe._version import __version__
from audiopipe.cli.codes import CODES
from audiopipe.cli.foreign import explained
from audiopipe.cli.log import LOGGER, complain, to_stderr
from audiopipe.cli.streams import close_stdout, on_lines, take_over
from audiopipe.errors import AudiopipeError, Stopped, UsageError

COMMANDS = {
    "transcribe": "Transcribe recordings: files, folders, globs, URLs or - for stdin.",
    "translate": "Translate speech in any language into English text.",
    "align": "Find when each word of a known text is spoken in a recording.",
    "plan": "Tell what a batch will take, before anything is spent.",
    "speak": "Speak a text or a Markdown file into one sound file, with chapters.",
    "roundtrip": "Transcribe a recording, speak it again, and tell how well that is understood.",
    "run": "Run the stages of a pipeline file for each recording.",
    "watch": "Transcribe what comes into a folder, each recording once it is whole.",
    "fetch": "Download new episodes of podcasts.",
    "prepare": "Write recordings as chunks that fit the upload limit, with a manifest.",
    "render": "Write stored transcripts in other formats, without recognition.",
    "ask": "Summary, chapters, action items, clean-up, rewriting, translation or a dialogue.",
    "chat": "Ask a chat model a question.",
    "check": "Tell what not to trust in stored transcripts, and watch a batch.",
    "review": "Make a page for the ear and the keyboard: doubts to settle, text to mend.",
    "corrections": "Make, show or export what people have mended in stored transcripts.",
    "report": "Make a page that tells how a batch went.",
    "status": "Tell what became of a batch.",
    "merge": "Join batches that nodes did by themselves.",
    "node": "Work for a cluster: what transcribe --on hands out.",
    "serve": "Serve OpenAI's API to any client, with the whole pipeline behind it.",
    "mcp": "Serve tools to agents: transcribe, search, check, ask, speak.",
    "cache": "Look at the kept answers, or drop them.",
    "limits": "Tell what is believed of servers and their limits, and what is used of them.",
    "help": "Show a topic of the documentation.",
    "plugins": "List what other packages add: backends, formats, checks, jobs, stages.",
    "models": "List the models: task, price, limits, status, replacement.",
}


class _Commands(click.Group):
    """Commands imported when they are called, so that help is instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"audiopipe.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),
    },
    epilog=f"Exit codes: {'; '.join(f'{code} {what}' for code, what in CODES.items())}.",
)
@click.version_option(__version__, "-V", "--version", prog_name="audiopipe")
def cli() -> None:
    """Recordings into transcripts you can trust, and back into speech."""


def main() -> None:
    """Run the command line and leave with its documented exit code."""
    take_over()
    sys.excepthook = _explain
    to_stderr()
    LOGGER.setLevel(logging.INFO)
    try:
        code = cli(standalone_mode=False) or 0
    except BaseException as error:
        code = _code(error)
        if code is None:
            raise
    try:
        close_stdout()
    except AudiopipeError as error:
        if not code:  # else it is told already
            complain(error)
            code = error.exit_code
    sys.exit(code)


def _code(error: BaseException) -> int | None:
    """The exit code of a command that an error has ended, once it is told; None for a defect."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        shown = io.StringIO()
        error.show(shown)
        sys.stderr.write(on_lines(shown.getvalue()))
        return UsageError.exit_code
    if isinstance(error, click.ClickException):
        context: click.Context | None = getattr(error, "ctx", None)
        command = context.command_path if context else "audiopipe"
        LOGGER.error("%s (%s --help tells more)", error.format_message(), command)
        return UsageError.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        LOGGER.error("interrupted; what is written is whole, and the same command goes on")
        return Stopped.exit_code
    known = error if isinstance(error, AudiopipeError) else explained(error)
    if known is None:
        return None
    complain(known)
    return known.exit_code


def _explain(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours: one line, and the traceback only when asked for with -v."""
    verbose = LOGGER.isEnabledFor(logging.DEBUG)
    LOGGER.error(
        "a defect, please report it: %s: %s",
        kind.__name__,
        error,
        exc_info=(kind, error, trace) if verbose else None,
    )
