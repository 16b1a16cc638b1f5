"""What other packages add by name: entry points of the groups `audiopipe.backends` and so on.

| group | name | value |
|---|---|---|
| `audiopipe.backends` | of the backend | called with `Settings`; who recognises, chats or speaks |
| `audiopipe.renderers` | of the format | called with a `Transcript`; the text |
| `audiopipe.checks` | kind of its flags | called with the `Evidence` of a chunk; flags |
| `audiopipe.jobs` | of the job | called with a `Scribe`, a `Transcript`, what was asked; the text |
| `audiopipe.stages` | of the stage | called with the `Work` on a recording; the `Work` |
| `audiopipe.executors` | of the engine | called with the text of `--on`, `Settings`; `Executor` |

Names of ours are never replaced. Looking for entry points takes milliseconds, loading one imports
its package: either is done only where a name is not one of ours, or where all are asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from audiopipe.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = ("backends", "renderers", "checks", "jobs", "stages", "executors")

_log = logging.getLogger("audiopipe")


@dataclass(frozen=True, slots=True)
class Plugin:
    """Something that another package adds.

    Attributes:
        group: one of `GROUPS`.
        name: what users call it.
        package: name and version of the distribution that it comes with.
        point: where its value is.
    """

    group: str
    name: str
    package: str
    point: EntryPoint

    def load(self) -> Any:
        """Its value.

        Raises:
            UsageError: it cannot be imported.
        """
        try:
            return self.point.load()
        except Exception as error:
            raise UsageError(
                f"the plug-in {self.name} of {self.package} cannot be loaded: "
                f"{type(error).__name__}: {error}"
            ) from error


@cache  # what is installed does not change while a program runs
def plugins(group: str) -> tuple[Plugin, ...]:
    """What other packages add to a group, by name, each name once."""
    from importlib.metadata import entry_points  # takes as long as all the rest of a help

    found: dict[str, Plugin] = {}
    for point in entry_points(group=f"audiopipe.{group}"):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"
        found.setdefault(point.name, Plugin(group, point.name, package, point))
    return tuple(found[name] for name in sorted(found))


def names(group: str) -> tuple[str, ...]:
    """What they are called."""
    return tuple(plugin.name for plugin in plugins(group))


def find(group: str, name: str) -> Any:
    """The value of the plug-in with a name; None if there is none.

    Raises:
        UsageError: it cannot be loaded.
    """
    return next((plugin.load() for plugin in plugins(group) if plugin.name == name), None)


def loaded(group: str) -> Iterator[tuple[str, Any]]:
    """Names and values of all that can be loaded; for each that cannot there is one warning."""
    for plugin in plugins(group):
        try:
            yield plugin.name, plugin.load()
        except UsageError as error:
            _log.warning("%s", error)
