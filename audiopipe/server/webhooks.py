"""Telling a client's server that a job has ended, signed as OpenAI signs: standardwebhooks.com."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from audiopipe.backends.http.connection import Timeouts, mapped, new_client
from audiopipe.backends.http.exchange import Bounds, exchange
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError, RejectedRequest, UsageError
from audiopipe.server.jobs import Job, Jobs
from audiopipe.server.network import allow

_log = logging.getLogger("audiopipe")

_PREFIX = "whsec_"
_MOST_CALLS = 10
_AT_ONCE = 16
_FIRST_S, _LONGEST_S = 5.0, 3600.0
_ANSWER = Bounds(65_536, 20.0)


@dataclass(slots=True)
class Webhooks:
    """Calls addresses until each has taken its event, ten times at most.

    Attributes:
        secret: signs; empty where there are no webhooks.
        fetch: which addresses may be called, see `Settings.fetch`.
        stop: ends the calls.
    """

    secret: bytes
    fetch: str
    stop: Stop
    _calling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def check(self, url: str) -> None:
        """Go on, if an address may be called.

        Raises:
            UsageError: nothing signs.
            RejectedRequest: it may not.
        """
        if not self.secret:
            raise UsageError("this server calls no webhooks: it has no --webhook-secret-file")
        allow(url, self.fetch)

    async def call_due(self, jobs: Jobs) -> None:
        """Call for each job whose time it is."""
        async with self._calling:
            due = [job for job in await asyncio.to_thread(jobs.untold) if _is_due(job)]
            calls = (asyncio.to_thread(self._call, job, jobs) for job in due[:_AT_ONCE])
            await asyncio.gather(*calls)

    def _call(self, job: Job, jobs: Jobs) -> None:
        try:
            self._send(job)
            jobs.put(replace(job, webhook=""))
        except AudiopipeError as error:
            calls = job.calls + 1
            _log.warning("webhook of %s, call %d of %d: %s", job.id, calls, _MOST_CALLS, error)
            left = job.webhook if calls < _MOST_CALLS else ""
            jobs.put(replace(job, calls=calls, webhook=left))

    def _send(self, job: Job) -> None:
        """Raises AudiopipeError if the event was not taken."""
        allow(job.webhook, self.fetch)
        told = {"id": job.id, "status": job.status}
        event = {
            "id": f"evt_{job.id.removeprefix('job_')}",
            "object": "event",
            "type": f"transcription.{job.status}",
            "created_at": int(job.ended_s),
            "data": told,
        }
        body = json.dumps(event).encode()
        headers = signed(self.secret, str(event["id"]), int(time.time()), body)
        with mapped("the webhook"), new_client(Timeouts()) as client:
            request = client.build_request(
                "POST",
                job.webhook,
                content=body,
                headers={"content-type": "application/json", **headers},
            )
            with exchange(client, request, _ANSWER, self.stop.check) as answer:
                if not answer.head.is_good:
                    raise RejectedRequest(f"answered {answer.head.status}")


def _is_due(job: Job) -> bool:
    wait_s = min(_FIRST_S * 2**job.calls, _LONGEST_S) if job.calls else 0.0
    return time.time() >= job.ended_s + wait_s


def signed(secret: bytes, id_: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers that prove a body to be ours."""
    text = f"{id_}.{at_s}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{signature}",
    }


def read_secret(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        text = path.read_text("utf-8").strip()
        secret = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (OSError, ValueError, binascii.Error) as error:
        raise UsageError(f"cannot read the secret in {path}: {error}") from error
    if len(secret) < 24 or not text.startswith(_PREFIX):
        raise UsageError(
            f"{path} holds no secret: make one with: echo {_PREFIX}$(openssl rand -base64 32)"
        )
    return secret
