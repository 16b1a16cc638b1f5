"""`audiopipe plugins`: what other packages add."""

from __future__ import annotations

import click

from audiopipe.cli import options
from audiopipe.cli.codes import SOME_FAILED
from audiopipe.cli.log import LOGGER
from audiopipe.errors import UsageError
from audiopipe.plugins import GROUPS, Plugin, plugins


@options.command("plugins", "", "-v")
@options.verbosity
def command() -> int:
    """List what other packages add, by entry points of the groups audiopipe.backends, .renderers,
    .checks, .jobs, .stages and .executors. One that cannot be loaded is one line on stderr, and
    exit code 3.
    """
    found = [plugin for group in GROUPS for plugin in plugins(group)]
    loaded = [plugin for plugin in found if _loads(plugin)]
    for plugin in loaded:
        click.echo(f"{plugin.group:<10} {plugin.name:<20} {plugin.package}")
    if not found:
        LOGGER.info("no plug-ins are installed; see audiopipe help plugins")
    return SOME_FAILED if len(loaded) < len(found) else 0


def _loads(plugin: Plugin) -> bool:
    try:
        plugin.load()
    except UsageError as error:
        LOGGER.error("%s", error)
        return False
    return True
