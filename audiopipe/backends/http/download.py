"""Recordings fetched from the web."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import IO
from urllib.parse import urljoin

from audiopipe.backends.http.address import without_secrets
from audiopipe.backends.http.connection import Timeouts, mapped, new_client, request_to
from audiopipe.backends.http.exchange import Bounds, exchange
from audiopipe.backends.http.redact import Secrets
from audiopipe.backends.http.reply import Reply
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
    allow: Callable[[str], str | None] = lambda url: None,
    most_bytes: int = _MOST_BYTES,
    kept: str = "",
    told: Callable[[Reply], None] = lambda head: None,
) -> None:
    """Fetch a recording into `file`, which is left at its beginning. Redirects are followed.

    A line that breaks goes on where it broke, if the server names a version of the file and still
    has that one (RFC 9110, 13.1.5).

    Args:
        url: an http or https address.
        file: open for reading and writing, seekable.
        stop: ends the download and every wait.
        timeouts: `total_s` is no bound here: how long a recording takes nobody knows.
        retry: see `Retry`.
        allow: raises for an address that may not be asked; called with that of each hop. It gives
            what to connect to; None for whatever the name means.
        most_bytes: of what is fetched.
        kept: `version` of what stands in the file already; "" begins anew.
        told: called with status and headers of each answer that is taken, before its body.

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
        fetching = _Fetching(file, Bounds(most_bytes, math.inf, waits.idle_s, _LEAST_PER_S), kept)
        again.call(lambda: fetching.attempt(url, wish, waits, allow, told), pause)
        file.seek(0)
    except OSError as error:
        why = error.strerror or error
        raise UnreadableInput(f"cannot keep what {without_secrets(url)} sends: {why}") from error
    except (BackendError, UsageError) as error:
        shown = one_line(Secrets("", url).hidden(str(error)), 1000)
        raise UnreadableInput(f"cannot download {shown}") from error


def version(head: Reply) -> str:
    """What names the version of a file for good; "" where the server does not."""
    tag = head.headers.get("etag", "")
    return tag if tag.startswith('"') else head.headers.get("last-modified", "")


class _Fetching:
    """A file that is filled by one or more answers."""

    def __init__(self, file: IO[bytes], bounds: Bounds, kept: str) -> None:
        self._file, self._bounds, self._version = file, bounds, kept

    def attempt(
        self,
        url: str,
        stop: Stop,
        waits: Timeouts,
        allow: Callable[[str], str | None],
        told: Callable[[Reply], None],
    ) -> None:
        """Fill it by one answer, from where it ends if that is known to be of the same version."""
        size = self._file.seek(0, os.SEEK_END) if self._version else 0
        headers = {"Accept-Encoding": "identity"}
        if size:
            headers |= {"Range": f"bytes={size}-", "If-Range": self._version}
        with mapped(without_secrets(url)), new_client(waits) as client:
            for _ in range(_MOST_HOPS + 1):
                request = request_to(client, "GET", url, allow(url), headers)
                with exchange(client, request, self._bounds, stop.check) as answer:
                    head = answer.head
                    if 300 <= head.status < 400 and (onward := head.headers.get("location")):
                        url = urljoin(url, onward)
                        continue
                    if self._is_whole(head, size):
                        return
                    self._begin(head, size)
                    told(head)
                    for piece in answer.pieces():
                        self._file.write(piece)
                        if self._file.tell() > self._bounds.max_bytes:
                            raise RejectedRequest(f"more than {self._bounds.max_bytes} bytes")
                    self._check_end(head)
                    return
            raise RejectedRequest(f"more than {_MOST_HOPS} redirects")

    def _is_whole(self, head: Reply, size: int) -> bool:
        """Whether nothing is left to send; what cannot go on begins anew."""
        if head.status != 416 or not size:
            return False
        if head.headers.get("content-range", "").strip() == f"bytes */{size}":
            return True
        self._version = ""
        raise ServerFault("416: it cannot go on there")

    def _begin(self, head: Reply, size: int) -> None:
        if not head.is_good:
            passing = head.status >= 500 or head.status in (408, 429)
            raise (ServerFault if passing else RejectedRequest)(f"{head.status}")
        is_rest = head.headers.get("content-range", "").startswith(f"bytes {size}-")
        if head.status == 206 and not is_rest:
            self._version = ""
            raise ServerFault("206: another part than was asked for")
        if head.status != 206:
            self._file.seek(0)
            self._file.truncate()
        # what is packed cannot be gone on with: the places are those of the packed file
        is_packed = head.headers.get("content-encoding", "identity") != "identity"
        self._version = "" if is_packed else version(head)

    def _check_end(self, head: Reply) -> None:
        """Whether a part reaches to the end of the file that it states."""
        whole = head.headers.get("content-range", "").rpartition("/")[2]
        if head.status == 206 and whole.isdecimal() and self._file.tell() < int(whole):
            raise ServerFault(f"206: not more than {self._file.tell()} of {whole} bytes")
