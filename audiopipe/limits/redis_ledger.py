"""One budget for all machines: the ledger in Redis, whose clock is the one that counts.

One script looks at the levels and charges, so that no two nodes take the same. Each deed may be
done twice without harm: when Redis goes away in the middle of one, it is done again once Redis is
back. A node that cannot reach the ledger waits, then stops; it never has a budget of its own.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from typing import Any, TypeVar

from audiopipe.errors import AudiopipeError
from audiopipe.limits import knowledge, purses
from audiopipe.limits.budget import Budget
from audiopipe.limits.ledger import (
    IN_FLIGHT_S,
    MOST_WALKED,
    SERVERS_WISH,
    STALE_S,
    TOLERANCE_S,
    Turn,
)
from audiopipe.limits.rules import MARGIN, RULES, Allowance, Limits, Observed
from audiopipe.store.redis_door import PATIENCE_S, RedisDoor, faults, public

T = TypeVar("T")

_KEEP_S = 90_000  # nothing is longer than a day
_QUANTITIES = ("requests", "tokens", "audio_s")
_KEYS = ("levels", "told", "pause", "seq", "queue", "asked", "flying", "done")

_SPEND = """
local function has(name)
  return math.max(tonumber(redis.call("HGET", KEYS[1], name) or "") or 0, 0)
end
local before = has('cost_usd')
local cost, requests = math.max(before + ARGV[1], 0), math.max(has('requests') + ARGV[2], 0)
local too_dear = tonumber(ARGV[1]) > 0 and cost > tonumber(ARGV[3])
if too_dear or (tonumber(ARGV[2]) > 0 and requests > tonumber(ARGV[4])) then
  return {string.format('%.17g', before), 0}
end
redis.call('HSET', KEYS[1], 'cost_usd', string.format('%.17g', cost), 'requests', requests)
redis.call('EXPIRE', KEYS[1], math.floor(ARGV[5]))
return {string.format('%.17g', cost), 1}
"""


class RedisLedger(Budget):
    """The ledger in Redis 6.2 or later, for many threads.

    Args:
        address: `redis://[[user]:password@]host[:port][/number]`, `rediss://` for TLS, `unix://`.
        clock: seconds since the epoch; None is the clock of Redis.
        patience_s: how long to wait for Redis when it is away.

    Raises:
        UsageError: no such address, or the client is not installed.
    """

    def __init__(
        self,
        address: str,
        clock: Callable[[], float] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._clock = clock
        self._door = RedisDoor(address, patience_s)
        self._redis = self._door.redis
        text = resources.files("audiopipe.limits").joinpath("ledger.lua").read_text("utf-8")
        self._script = self._redis.register_script(_constants() + text)
        self._spend = self._redis.register_script(_SPEND)
        self._notes: deque[Callable[[], object]] = deque()

    def account(self, address: str, key: str, model: str) -> str:
        def salt() -> bytes:
            self._redis.set("audiopipe:salt", secrets.token_bytes(16), nx=True)
            kept: Any = self._redis.get("audiopipe:salt")
            return bytes(kept)

        parts = "\0".join((address, key, model)).encode()
        account = hashlib.blake2b(parts, key=self._held(salt)[:64], digest_size=16).hexdigest()
        names = f"{public(address)}\0{model}"
        self._held(lambda: self._redis.hset("audiopipe:names", account, names))
        return account

    def told(self, account: str) -> Limits:
        return Limits(**{rule: units for rule, (units, _) in self._told(account).items()})

    def learn(self, address: str, model: str, what: str, value: str) -> None:
        field, fact = "\0".join((public(address), model, what)), f"{self._now_s()!r} {value}"
        self._held(lambda: self._redis.hset("audiopipe:facts", field, fact))

    def facts(self, address: str, model: str) -> dict[str, str]:
        found = self._facts().get((public(address), model), {})
        return {what: value for what, (value, _) in found.items()}

    def known(self) -> list[knowledge.Known]:
        names = _texts(self._held(lambda: self._redis.hgetall("audiopipe:names")))
        found = []
        for account, owner in sorted(names.items(), key=lambda each: each[1]):
            server, _, model = owner.partition("\0")
            used = _pairs(self._kept(account, "levels"))
            told, pause_s = self._told(account), self._pause_until_s(account)
            found.append(knowledge.Known(server, model, account, told, used, pause_s))
        for (server, model), facts in sorted(self._facts().items()):
            found.append(knowledge.Known(server, model, facts=facts))
        return found

    def forget(self, server: str = "") -> int:
        def forgotten() -> int:
            names = _texts(self._redis.hgetall("audiopipe:names"))
            accounts = [a for a, owner in names.items() if server in owner.partition("\0")[0]]
            facts = [f for f in _texts(self._redis.hgetall("audiopipe:facts")) if server in f]
            for account in accounts:
                self._redis.delete(*_keys(account))
                self._redis.hdel("audiopipe:names", account)
            for fact in facts:
                self._redis.hdel("audiopipe:facts", fact)
            return len(accounts) + len(facts)

        return self._held(forgotten)

    def again(self, turn: Turn, check: Callable[[], object] = lambda: None) -> Turn:
        turn = turn if turn.id else replace(turn, id=1 + secrets.randbits(52))
        told, *more = self._held(lambda: self._do("turn", turn), check)
        if told == "sent":
            return replace(turn, wait_s=0.0, cause="", sent_s=float(more[0]))
        if told == "large":
            Limits(**{more[0]: float(more[1])}).check(turn.cost)
        wait_s, first_s, rule, units = more
        cause = SERVERS_WISH
        if rule:
            cause = str(Allowance(next(r for r in RULES if r.name == rule), float(units)))
        return replace(turn, wait_s=float(wait_s), cause=cause, next_s=float(first_s))

    def leave(self, turn: Turn) -> None:
        self._note(lambda: self._do("leave", turn))

    def answered(
        self, turn: Turn, observed: tuple[Observed, ...] = (), tokens: float | None = None
    ) -> None:
        told: list[Any] = [turn.cost.tokens if tokens is None else tokens]
        for each in observed:
            if rule := each.rule():
                quantity = 1 + _QUANTITIES.index(each.quantity)
                told += [rule.name, quantity, each.limit, each.limit - each.remaining]
        self._note(lambda: self._do("answered", turn, *told))

    def refused(
        self,
        turn: Turn,
        *,
        rule: str | None = None,
        used: float | None = None,
        limit: float | None = None,
        wait_s: float = 0.0,
    ) -> None:
        told = (rule or "", used, limit or None, wait_s)
        self._held(lambda: self._do("refused", turn, *told))

    def unsent(self, turn: Turn) -> None:
        self._note(lambda: self._do("unsent", turn))

    def spend(
        self, run: str, cost_usd: float, requests: int, most_usd: float, most_requests: float
    ) -> tuple[float, bool]:
        # a deed that is done twice counts twice: that is the side on which to err
        told = [cost_usd, requests, min(most_usd, 1e15), min(most_requests, 1e15), purses.KEPT_S]
        spent = self._held(
            lambda: self._spend(keys=[f"audiopipe:{{{run}}}:purse"], args=_arguments(told))
        )
        return float(spent[0]), bool(spent[1])

    def close(self) -> None:
        with suppress(AudiopipeError, *faults()):
            self._flush()
        self._door.close()

    def _do(self, deed: str, turn: Turn, *more: Any) -> list[str]:
        cost = turn.cost
        limits = [getattr(turn.limits, rule.name) for rule in RULES]
        now_s = self._clock() if self._clock else None
        told = [now_s, turn.id, cost.requests, cost.tokens, cost.audio_s, turn.sent_s, *limits]
        found = self._script(keys=_keys(turn.account), args=[deed, *_arguments([*told, *more])])
        return [_text(each) for each in found]

    def _note(self, note: Callable[[], object]) -> None:
        """Do it now, or before what is done next."""
        self._notes.append(note)
        with suppress(*faults()):
            self._flush()

    def _flush(self) -> None:
        while self._notes:
            note = self._notes.popleft()
            try:
                note()
            except BaseException:
                self._notes.appendleft(note)
                raise

    def _held(self, work: Callable[[], T], check: Callable[[], object] = lambda: None) -> T:
        """What the work gives, after the notes that are not written yet."""

        def both() -> T:
            self._flush()
            return work()

        return self._door.held(both, check)

    def _now_s(self) -> float:
        if self._clock:
            return self._clock()
        seconds, micros = self._held(self._redis.time)
        return float(seconds) + float(micros) / 1e6

    def _kept(self, account: str, key: str) -> dict[str, str]:
        return _texts(self._held(lambda: self._redis.hgetall(_key(account, key))))

    def _told(self, account: str) -> dict[str, tuple[float, float]]:
        return knowledge.believed(_pairs(self._kept(account, "told")), self._now_s())

    def _pause_until_s(self, account: str) -> float:
        kept: Any = self._held(lambda: self._redis.get(_key(account, "pause")))
        return knowledge.pause_within(float(kept or 0), self._now_s())

    def _facts(self) -> dict[tuple[str, str], dict[str, tuple[str, float]]]:
        """Those that are still believed, by server and model."""
        found: dict[tuple[str, str], dict[str, tuple[str, float]]] = {}
        now_s = self._now_s()
        kept = _texts(self._held(lambda: self._redis.hgetall("audiopipe:facts")))
        for field, fact in kept.items():
            server, model, what = field.split("\0")
            at_s, _, value = fact.partition(" ")
            if now_s - knowledge.FACT_S < float(at_s) <= now_s + knowledge.CLOCK_S:
                until_s = float(at_s) + knowledge.FACT_S
                found.setdefault((server, model), {})[what] = (value, until_s)
        return found


def _constants() -> str:
    rules = ", ".join(
        f"{{name='{rule.name}', quantity={1 + _QUANTITIES.index(rule.quantity)}, "
        f"window_s={rule.window_s}}}"
        for rule in RULES
    )
    numbers = {
        "STALE": STALE_S,
        "IN_FLIGHT": IN_FLIGHT_S,
        "TOLERANCE": TOLERANCE_S,
        "MARGIN": MARGIN,
        "MOST_WALKED": MOST_WALKED,
        "MOST_UNITS": knowledge.MOST_UNITS,
        "TOLD": knowledge.TOLD_S,
        "CLOCK": knowledge.CLOCK_S,
        "LONGEST_PAUSE": knowledge.LONGEST_PAUSE_S,
        "KEEP": _KEEP_S,
    }
    told = "".join(f"local {name} = {value!r}\n" for name, value in numbers.items())
    return f"{told}local RULES = {{{rules}}}\n"


def _keys(account: str) -> list[str]:
    return [_key(account, name) for name in _KEYS]


def _key(account: str, name: str) -> str:
    return f"audiopipe:{{{account}}}:{name}"  # braces keep them on one shard of a cluster


def _arguments(values: Iterable[float | str | None]) -> Sequence[str]:
    """Numbers as the script reads them: the same again; None is nothing."""
    return [
        "" if value is None else value if isinstance(value, str) else repr(float(value))
        for value in values
    ]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _texts(found: Any) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in found.items()}


def _pairs(texts: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Of each rule a number and when it was so."""
    names = {rule.name for rule in RULES}
    pairs = {name: text.partition(" ") for name, text in texts.items() if name in names}
    return {name: (float(one), float(other)) for name, (one, _, other) in pairs.items()}
