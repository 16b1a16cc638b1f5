"""The budget that is kept in a ledger, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from audiopipe.limits.budget import Budget


def open_budget(ledger: Path | str | None, clock: Callable[[], float]) -> Budget:
    """The budget that is kept in a ledger.

    Args:
        ledger: a file, an address of Redis, or None for one of this process alone.
        clock: seconds since the epoch; an address has its own.

    Raises:
        UsageError: an address that cannot be used.
    """
    if isinstance(ledger, str):
        from audiopipe.limits.redis_ledger import RedisLedger

        return RedisLedger(ledger)
    from audiopipe.limits.limiter import Limiter

    return Limiter(ledger, clock)
