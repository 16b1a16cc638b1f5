"""`audiopipe help`: the topics, which ship with the package."""

from __future__ import annotations

import re
import sys
from importlib.resources import files

import click

from audiopipe.cli import options
from audiopipe.cli.streams import put_whole
from audiopipe.errors import UsageError

_MARK = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
"""Where generated tables begin and end."""


@options.command("help", "flags", "settings | less")
@click.argument("topic", default="")
@options.verbosity
def command(topic: str) -> int:
    """Show a topic of the documentation; without one, list the topics."""
    if topic:
        show(text(topic))
    else:
        put_whole("".join(f"{name:<14} {_summary(name)}\n" for name in topics()))
    return 0


def topics() -> tuple[str, ...]:
    """Names of the topics."""
    folder = files("audiopipe") / "help"
    return tuple(sorted(each.name[:-3] for each in folder.iterdir() if each.name.endswith(".md")))


def text(topic: str) -> str:
    """A topic as Markdown.

    Raises:
        UsageError: there is no such topic.
    """
    name = topic.lower().replace("_", "-")
    if name not in topics():
        raise UsageError(f"there is no topic {topic!r}: choose from {', '.join(topics())}")
    return _MARK.sub("", (files("audiopipe") / "help" / f"{name}.md").read_text("utf-8"))


def show(markdown: str) -> None:
    """Write a text: through a pager, and rendered, where somebody reads at a terminal."""
    if not sys.stdout.isatty():
        put_whole(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(markdown))


def _summary(topic: str) -> str:
    _, _, body = text(topic).partition("\n\n")
    return body.partition("\n\n")[0].replace("\n", " ")
