"""Where recordings are worked on beside this process: other processes, other machines."""

from __future__ import annotations

import importlib

from audiopipe import plugins
from audiopipe.concurrency import Executor
from audiopipe.errors import UsageError
from audiopipe.settings import Settings

ENGINES = ("threads", "processes", "dask", "ray")
"""Of ours; a module each, whose `opened` is called as a plug-in's value is."""


def open_engine(on: str, settings: Settings) -> Executor:
    """The engine that `--on` names: `NAME`, or `NAME://HOST:PORT` of one that runs elsewhere.

    Raises:
        UsageError: there is none, or it is not installed, or cannot be reached.
    """
    name = on.partition("://")[0]
    if name in ENGINES:
        made = importlib.import_module(f"audiopipe.engines.{name}_engine").opened(on, settings)
    else:
        make = plugins.find("executors", name)
        if make is None:
            known = ", ".join((*ENGINES, *plugins.names("executors")))
            raise UsageError(f"--on {on}: no such engine: choose from {known}")
        made = make(on, settings)
    if not isinstance(made, Executor):
        raise UsageError(f"--on {on}: what the plug-in gives is no executor")
    return made
