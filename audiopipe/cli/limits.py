"""`audiopipe limits`: what is believed of servers, what is used of their limits, and until when."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiopipe.cli import options
from audiopipe.cli.streams import on_one_line, put
from audiopipe.limits.rules import Allowance, Limits, drained
from audiopipe.settings import Settings, ledger_of, load

if TYPE_CHECKING:
    from audiopipe.limits.budget import Budget
    from audiopipe.limits.knowledge import Known


@click.group("limits", invoke_without_command=True)
@options.settings("limits")
@options.verbosity
@click.pass_context
def command(context: click.Context, /, **flags: str | None) -> int:
    """Tell what is believed of servers and their limits, what is used of them, and until when.

    Figures that a server told are believed for a day, what it cannot do for a week; the next good
    answer corrects them. `limits reset` forgets at once. Answers are not touched: see `cache`.
    Limits that no server told are those of AUDIOPIPE_TIER and AUDIOPIPE_LIMITS.
    """
    if context.invoked_subcommand:
        return 0
    settings = load(flags, os.environ)
    with _opened(ledger_of(settings, os.environ)) as limiter:
        known = limiter.known() if limiter else []
    now_s = time.time()
    for each in known:
        put(on_one_line(f"{each.server}  {each.model or 'all models'}"))
        for line in _lines(each, settings, now_s):
            put(on_one_line(f"  {line}"))
    if not known:
        put("nothing is known of any server")
    return 0


@command.command("reset", cls=options.Command, examples=("", "api.groq.com"))
@click.argument("server", default="")
@options.settings("limits")
@options.verbosity
def reset(server: str, **flags: str | None) -> int:
    """Forget what is believed of SERVER, an address or a part of it; of all without one.

    What was used of the limits is forgotten too: the next requests may be refused by the server.
    """
    with _opened(ledger_of(load(flags, os.environ), os.environ)) as limiter:
        count = limiter.forget(server) if limiter else 0
    put(f"{count} forgotten" if count else f"nothing is known of {server or 'any server'}")
    return 0


def _lines(known: Known, settings: Settings, now_s: float) -> Iterator[str]:
    """A line for each limit and for each fact."""
    if known.account:
        for allowance in _limits(known, settings).allowances():
            yield _limit(known, allowance, now_s)
    if known.pause_until_s:
        yield f"wait: nothing is sent until {_moment(known.pause_until_s)}, by the server's wish"
    for what, (value, until_s) in known.facts.items():
        yield f"{_fact(what, value)}; believed until {_moment(until_s)}"


def _limits(known: Known, settings: Settings) -> Limits:
    """Those of the account, as in a run with these settings."""
    from audiopipe.backends.catalog import limits_of
    from audiopipe.backends.http.address import is_groqs

    ours = limits_of(known.model, settings.tier) if is_groqs(known.server) else Limits()
    told = Limits(**{rule: units for rule, (units, _) in known.told.items()})
    return ours.changed(settings.limits).within(told)


def _limit(known: Known, allowance: Allowance, now_s: float) -> str:
    rule = allowance.rule.name
    used, at_s = known.used.get(rule, (0.0, now_s))
    level = drained(min(used, 2 * allowance.units), allowance, now_s - at_s)
    left = max(0.0, allowance.units - level)
    line = f"{rule}: {level:.0f} of {allowance} used, {left:.0f} left"
    if rule not in known.told:
        return line
    return f"{line}; told by the server, believed until {_moment(known.told[rule][1])}"


def _fact(what: str, value: str) -> str:
    if what == "upload":
        return f"takes no upload of {value} bytes"
    return f"refuses {what}: gets {value} instead" if value else f"refuses {what}: left out"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


@contextmanager
def _opened(ledger: Path | str) -> Iterator[Budget | None]:
    """The ledger; None if there is none, which is not a reason to make one."""
    if isinstance(ledger, Path) and not ledger.exists():
        yield None
        return
    from audiopipe.limits.opened import open_budget

    with open_budget(ledger, time.time) as budget:
        yield budget
