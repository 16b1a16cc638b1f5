"""Who works on what, among all machines: leases in Redis, which end with who holds them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Condition, Thread

from audiopipe.concurrency import PerProcess
from audiopipe.errors import LedgerLost
from audiopipe.store.claims import Wait
from audiopipe.store.redis_door import RedisDoor

LEASE_S = 30.0
"""So long others wait for a node that has died."""
_BEAT_S = LEASE_S / 3
_FIRST_POLL_S, _LAST_POLL_S = 0.01, 1.0

_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


class Leases:
    """Leases on names, for many threads; a thread of its own renews those that are held.

    Args:
        address: of Redis; see `RedisDoor`.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._holder = PerProcess(lambda: _Holder(address))

    @contextmanager
    def on(self, name: bytes, wait: Wait = time.sleep) -> Iterator[None]:
        """Wait until no node works on it, then hold it.

        Args:
            name: of what is claimed.
            wait: called again and again while another holds it; what it raises ends the wait.

        Raises:
            LedgerLost: Redis is away.
        """
        holder, token = self._holder.get(), secrets.token_hex()
        key = f"audiopipe:lease:{name.hex()}"

        def check() -> None:
            wait(0.0)

        poll_s = _FIRST_POLL_S
        while not holder.take(key, token, check):
            wait(poll_s)
            poll_s = min(1.5 * poll_s, _LAST_POLL_S)
        try:
            yield
        finally:
            with suppress(LedgerLost):  # it ends by itself
                holder.release(key, token)

    def close(self) -> None:
        """End the thread and close the connection. Closing twice is harmless."""
        if holder := self._holder.take():
            holder.close()


class _Holder:
    """What this process holds."""

    def __init__(self, address: str) -> None:
        self._door = RedisDoor(address)
        self._renew = self._door.redis.register_script(_RENEW)
        self._release = self._door.redis.register_script(_RELEASE)
        self._held: dict[str, str] = {}
        self._changed, self._ends = Condition(), False
        self._beat = Thread(target=self._beats, name="audiopipe-leases", daemon=True)
        self._beat.start()

    def take(self, key: str, token: str, check: Callable[[], object]) -> bool:
        lease_ms = int(1000 * LEASE_S)

        def taken() -> bool:
            redis = self._door.redis
            if redis.set(key, token, nx=True, px=lease_ms):
                return True
            # ours, where the answer to the first try was lost
            return redis.get(key) == token.encode()

        if not self._door.held(taken, check):
            return False
        with self._changed:
            self._held[key] = token
        return True

    def release(self, key: str, token: str) -> None:
        with self._changed:
            self._held.pop(key, None)
        self._door.held(lambda: self._release(keys=[key], args=[token]))

    def close(self) -> None:
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._beat.join()
        self._door.close()

    def _beats(self) -> None:
        while not self._ended():
            for key, token in tuple(self._held.items()):
                with suppress(LedgerLost):
                    self._door.held(partial(self._renew, [key], [token, int(1000 * LEASE_S)]))

    def _ended(self) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._ends, _BEAT_S)
