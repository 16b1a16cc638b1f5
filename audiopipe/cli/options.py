"""Options as named values: settings from their table, and what else several commands share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from audiopipe.cli.advice import Fitting
from audiopipe.cli.log import to_stderr
from audiopipe.settings import GROUPS, Setting, table
from audiopipe.settings.kinds import Kind, Number, Switch, Words, read

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

OWN, GENERAL = "Options", "General"
"""Groups of options that are no settings: those of one command, and those of all."""

ENVIRONMENT = (
    "Each setting is also a variable of the environment, as AUDIOPIPE_CHUNK_LENGTH=300, and a key "
    "of the --config file."
)


class Option(click.Option):
    """An option that stands in a group of the help; others are the command's own."""

    def __init__(self, *args: Any, group: str, **more: Any) -> None:
        super().__init__(*args, **more)
        self.group = group


class Command(click.Command):
    """A command whose help shows options in groups, and ends with examples.

    Args:
        examples: command lines without `audiopipe` and the name of the command.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = examples

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what is logged from then on names its own flags alone."""
        flags = [
            flag for each in self.get_params(ctx) for flag in (*each.opts, *each.secondary_opts)
        ]
        for handler in logging.getLogger().handlers:
            handler.addFilter(Fitting(flags))
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            is_help = "--help" in param.opts
            group = GENERAL if is_help else getattr(param, "group", OWN)
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx)):
                grouped.setdefault(group, []).append(record)
        for title in (OWN, *(group.title for group in GROUPS), GENERAL):
            if title in grouped:
                with formatter.section(title):
                    formatter.write_dl(grouped[title])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if any(param.name == "config" for param in self.params):
            formatter.write_paragraph()
            formatter.write_text(ENVIRONMENT)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(
                        f"{'':{formatter.current_indent}}{ctx.command_path} {example}\n"
                    )


class Value(click.ParamType):  # type: ignore[type-arg]  # generic in click's newest alone
    """A value of a kind; a wrong one is told as it is from every other source than a flag."""

    def __init__(self, kind: Kind, name: str = "value") -> None:
        self.kind, self.name = kind, name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        flags = [flag for flag in param.opts if flag.startswith("--")] if param else []
        return read(self.kind, value, flags[0] if flags else self.name)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        words = self.kind.words if isinstance(self.kind, Words) else ()
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], Command]:
    """A command with examples: what stands behind its name."""
    return click.command(name, cls=Command, examples=examples)


def together(*options: Decorator) -> Decorator:
    """One decorator that adds all `options`, in their order in the help."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def settings(command: str, **helps: str) -> Decorator:
    """The options of all settings that a command takes.

    Args:
        command: as the table calls it.
        helps: of settings that mean something else there, by name.
    """
    return together(*(_option(each, helps.get(each.name)) for each in table(command)))


def _option(setting: Setting, help_: str | None) -> Decorator:
    more: dict[str, Any] = {}
    flags = setting.flags
    if isinstance(setting.kind, Switch):
        flags = (*flags[:-1], f"{flags[-1]}/--no-{setting.flag.removeprefix('--')}")
    else:
        more = {"type": Value(setting.kind, setting.name), "metavar": setting.unit or None}
        if isinstance(setting.kind, Words) and not setting.unit:
            more["metavar"] = f"[{'|'.join(setting.kind.words)}]"
    if setting.alone is not None:
        more |= {"is_flag": False, "flag_value": setting.alone}
    if setting.is_repeated:
        more |= {"multiple": True, "callback": _joined}
    return click.option(
        *flags,
        setting.name,
        cls=Option,
        group=setting.group.title,
        default=None,
        help=_help(setting) if help_ is None else help_,
        **more,
    )


def _help(setting: Setting) -> str:
    facts = [f"default: {setting.default_shown}"]
    if setting.group.names_variables:
        facts.append(f"env: {setting.environment}")
    return f"{setting.help}  [{'; '.join(facts)}]"


def _joined(ctx: click.Context, param: click.Parameter, values: tuple[Any, ...]) -> Any:
    """The values of a flag that was given several times; texts become its lines."""
    if values and isinstance(values[0], str):
        return "\n".join(values)
    return tuple(item for items in values for item in items) or None


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

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")

log_format = click.option(
    "--log-format",
    cls=Option,
    group=GENERAL,
    type=Value(Words(("text", "ndjson"))),
    metavar="[text|ndjson]",
    default="text",
    is_eager=True,
    callback=_log_format,
    help="How stderr tells: lines to read, or a JSON object a line.  [default: text]",
)

verbosity = together(
    click.option(
        "-q",
        "--quiet",
        cls=Option,
        group=GENERAL,
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_verbosity,
        help="Say nothing but errors.",
    ),
    click.option(
        "-v",
        "--verbose",
        cls=Option,
        group=GENERAL,
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_verbosity,
        help="Say more, and show tracebacks.",
    ),
)

chat_model = click.option(
    "-m",
    "--model",
    metavar="NAME",
    help="Full id or short name (gpt-oss-120b, gpt-oss-20b).  [default: Groq's best, or the "
    "server's only one]",
)

most_tokens = click.option(
    "--max-tokens",
    "max_completion_tokens",
    type=Value(Number(is_whole=True, low=1)),
    metavar="N",
    help="Most tokens of an answer, thoughts included.",
)

corrections = click.option(
    "--max-retries",
    type=Value(Number(is_whole=True)),
    metavar="N",
    help="Corrections to ask for if an answer is not as asked.  [default: 2]",
)

config = click.option(
    "--config",
    cls=Option,
    group=GENERAL,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Settings as TOML, by their names or those of these flags.",
)
