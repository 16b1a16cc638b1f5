"""`audiopipe node`: a machine that works for `--on dask://...`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiopipe.cli import options
from audiopipe.cli.log import LOGGER
from audiopipe.errors import ClusterLost, UsageError
from audiopipe.settings import Settings, load

if TYPE_CHECKING:
    from distributed import Nanny

_AGAIN_S = 3.0
_PATIENCE_S = 600.0
"""So long a node waits for a scheduler that has gone, such as one that is begun anew."""
_BEGIN_S = 60.0
"""So long for one that is begun together with it."""


@options.command(
    "node",
    "dask://10.0.0.5:8786",
    "dask://10.0.0.5:8786 --slots 8 --tls-ca ca.pem --tls-cert node.pem",
)
@click.argument("scheduler", metavar="ENGINE://HOST:PORT")
@options.settings("node")
@options.config
@options.verbosity
def command(scheduler: str, config: Path | None, **flags: Any) -> int:
    """Work for a cluster until it ends: recordings are read, and results written, here.

    Keys are those of this machine's environment. Recordings and results must be where the driver
    says: in a store, or in a folder that all nodes see under the same path. Whoever reaches a
    scheduler runs code on its nodes: keep it in a private network, and use TLS.
    """
    name, _, place = scheduler.partition("://")
    if name != "dask" or ":" not in place:
        raise UsageError(f"{scheduler}: name a scheduler, as dask://HOST:PORT")
    settings = load(flags, os.environ, config)
    try:
        asyncio.run(_work(place, settings))
    except (OSError, TimeoutError) as error:
        raise ClusterLost(f"no Dask scheduler answers at {scheduler}: {error}") from error
    return 0


async def _work(place: str, settings: Settings) -> None:
    """Work until somebody ends it; a scheduler that is gone is waited for.

    Raises:
        OSError, TimeoutError: nobody answers there for `_BEGIN_S` at first, or `_PATIENCE_S`.
        UsageError: a driver has sent it away.
    """
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    seen_s, is_told = time.monotonic() - _PATIENCE_S + _BEGIN_S, False
    while not ended.is_set():
        try:
            await _work_once(place, settings, ended)
            seen_s, is_told = time.monotonic(), False
        except (OSError, TimeoutError):
            if time.monotonic() - seen_s > _PATIENCE_S:
                raise
        if not ended.is_set():
            LOGGER.log(
                logging.DEBUG if is_told else logging.WARNING,
                "no scheduler answers at %s: it is waited for",
                place,
            )
            is_told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), _AGAIN_S)


async def _work_once(place: str, settings: Settings, ended: asyncio.Event) -> None:
    """Until the scheduler is gone, or this shall end."""
    from audiopipe.engines.dask_engine import SLOTS, quiet, security_of

    with quiet():
        from distributed import Nanny

        slots = settings.slots or SLOTS
        scheme = "tls" if settings.tls_ca else "tcp"
        nanny = Nanny(
            f"{scheme}://{place}",
            nthreads=slots,
            security=security_of(settings),
            dashboard=False,
            silence_logs=50,
        )
        async with _begun(nanny):
            LOGGER.info("working for %s, %d recordings at once", place, slots)
            gone = asyncio.ensure_future(nanny.finished())  # type: ignore[no-untyped-call]
            wished = asyncio.ensure_future(ended.wait())
            await asyncio.wait((gone, wished), return_when=asyncio.FIRST_COMPLETED)
            wished.cancel()
    if why := vars(nanny).get("refused"):  # see `send_away`
        raise UsageError(why)


@asynccontextmanager
async def _begun(nanny: Nanny) -> AsyncIterator[None]:
    """At work.

    Raises:
        OSError, TimeoutError: nobody answers.
    """
    try:
        await nanny
    except RuntimeError as error:  # which is all that the library says of it
        if isinstance(error.__cause__, OSError | TimeoutError):
            raise error.__cause__ from error
        raise
    async with nanny:
        yield
