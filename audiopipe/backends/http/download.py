"""Recordings fetched from the web."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import IO

from audiopipe.backends.http.address import without_secrets
from audiopipe.backends.http.connection import Timeouts, mapped, new_client
from audiopipe.backends.http.exchange import Bounds, exchange
from audiopipe.backends.http.redact import Secrets
from audiopipe.backends.http.retry import Retry
from audiopipe.concurrency import Stop
from audiopipe.errors import BackendError, RejectedRequest, ServerFault, UnreadableInput, UsageError
from audiopipe.text.clean import one_line
from audiopipe.values.events import Waiting

_MOST_BYTES = 1 << 36
"""64 GiB: a day of WAV in eight channels."""

_LEAST_PER_S = 1000.0
"""Bytes a second, over a minute: less than the slowest codec of speech takes."""

_MOST_HOPS = 10


def download(
    url: str,
    file: IO[bytes],
    *,
    stop: Stop | None = None,
    timeouts: Timeouts | None = None,
    retry: Retry | None = None,
    allow: Callable[[str], None] = lambda url: None,
) -> None:
    """Fetch a recording into `file`, which is left at its beginning. Redirects are followed.

    Args:
        url: an http or https address.
        file: open for reading and writing, seekable, empty.
        stop: ends the download and every wait.
        timeouts: `total_s` is no bound here: how long a recording takes nobody knows.
        retry: see `Retry`.
        allow: raises for an address that may not be asked; called with that of each hop.

    Raises:
        UnreadableInput: it cannot be fetched, or not be kept.
        Stopped: it was wished.
    """
    waits, again, wish = timeouts or Timeouts(), retry or Retry(3, max_wait_s=60), stop or Stop()

    def pause(seconds: float, waiting: Waiting) -> None:
        if retry:
            retry.wait(seconds, waiting)
        wish.sleep(0.0 if retry else seconds)

    try:
        again.call(lambda: _fetch(url, file, wish, waits, allow), pause)
        file.seek(0)
    except OSError as error:
        why = error.strerror or error
        raise UnreadableInput(f"cannot keep what {without_secrets(url)} sends: {why}") from error
    except (BackendError, UsageError) as error:
        shown = one_line(Secrets("", url).hidden(str(error)), 1000)
        raise UnreadableInput(f"cannot download {shown}") from error


def _fetch(
    url: str, file: IO[bytes], stop: Stop, waits: Timeouts, allow: Callable[[str], None]
) -> None:
    file.seek(0)
    file.truncate()
    bounds = Bounds(_MOST_BYTES, math.inf, waits.idle_s, _LEAST_PER_S)
    with mapped(without_secrets(url)), new_client(waits) as client:
        request = client.build_request("GET", url, headers={"Accept-Encoding": "identity"})
        for _ in range(_MOST_HOPS + 1):
            allow(str(request.url))
            with exchange(client, request, bounds, stop.check) as answer:
                head = answer.head
                if 300 <= head.status < 400 and (onward := head.headers.get("location")):
                    request = client.build_request("GET", request.url.join(onward))
                    continue
                if not head.is_good:
                    passing = head.status >= 500 or head.status in (408, 429)
                    raise (ServerFault if passing else RejectedRequest)(f"{head.status}")
                for piece in answer.pieces():
                    file.write(piece)
                return
        raise RejectedRequest(f"more than {_MOST_HOPS} redirects")
