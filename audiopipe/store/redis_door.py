"""The one door to Redis: a client that is waited for while it is away."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from audiopipe.errors import LedgerLost, UsageError

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")

PATIENCE_S = 120.0
"""So long a node waits for a Redis that cannot be reached."""
_TRY_S = 0.25
_SOCKET_S = 5.0
_QUIET_S = 3.0
"""So long it may be away without a word."""
_LOGGER = logging.getLogger("audiopipe")


class RedisDoor:
    """Redis 6.2 or later, for many threads.

    Args:
        address: `redis://[[user]:password@]host[:port][/number]`, `rediss://` for TLS, `unix://`.
        patience_s: how long to wait for it when it is away.

    Raises:
        UsageError: no such address, or the client is not installed.
    """

    def __init__(self, address: str, patience_s: float = PATIENCE_S) -> None:
        self._name, self._patience_s = public(address), patience_s
        self.redis = _client(address, self._name)

    def held(self, work: Callable[[], T], check: Callable[[], object] = lambda: None) -> T:
        """What the work gives, once Redis is there; it may be done twice.

        Args:
            work: asks Redis.
            check: called again and again while Redis is away; what it raises ends the wait.

        Raises:
            LedgerLost: it was away for too long, or does not take what it is asked.
        """
        begun_s, is_told = time.monotonic(), False
        while True:
            try:
                return work()
            except faults() as fault:
                why = f"the ledger {self._name} cannot be used: {_why(fault)}"
                waited_s = time.monotonic() - begun_s
                if not _may_pass(fault) or waited_s > self._patience_s:
                    raise LedgerLost(f"{why}; the same command goes on once it can") from fault
                if not is_told and waited_s > _QUIET_S:
                    _LOGGER.warning("%s; it is waited for, %.0f s", why, self._patience_s)
                    is_told = True
            check()
            time.sleep(_TRY_S)

    def close(self) -> None:
        """Close the connections. Closing twice is harmless."""
        self.redis.close()


def public(address: str) -> str:
    """An address without user and password."""
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def faults() -> tuple[type[Exception], ...]:
    """What the client raises."""
    from redis.exceptions import RedisError

    return (RedisError, OSError)


def _client(address: str, name: str) -> Redis:
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError as error:
        raise UsageError(
            f"the ledger {name} needs a client: pip install 'audiopipe[redis]'"
        ) from error
    try:
        return Redis.from_url(
            address,
            socket_timeout=_SOCKET_S,
            socket_connect_timeout=_SOCKET_S,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise UsageError(f"the ledger {name} is no address: {error}") from None


def _may_pass(fault: Exception) -> bool:
    """Whether it may go better later: Redis is away, starts, hands over, or has no room."""
    from redis import exceptions

    if isinstance(fault, _refusals()) or _chained(fault, ssl.SSLCertVerificationError):
        return False
    if isinstance(fault, exceptions.ResponseError):
        passing = ("OOM", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "LOADING")
        kinds = (exceptions.ReadOnlyError, exceptions.OutOfMemoryError)
        return isinstance(fault, kinds) or str(fault).startswith(passing)
    return True


def _refusals() -> tuple[type[Exception], ...]:
    from redis import exceptions

    return (exceptions.AuthenticationError, exceptions.AuthorizationError)


def _chained(fault: BaseException, kind: type[BaseException]) -> bool:
    """Whether an exception, or one that led to it, is of a kind."""
    before = fault.__cause__ or fault.__context__
    return isinstance(fault, kind) or (before is not None and _chained(before, kind))


def _why(fault: Exception) -> str:
    if isinstance(fault, _refusals()):
        return "its address wants another user or password"
    return " ".join(str(fault).split())
