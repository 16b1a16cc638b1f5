"""What every connection has in common: its client, its time-outs, and httpx's errors as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from audiopipe._version import __version__
from audiopipe.backends.http.circuit import Unsent
from audiopipe.backends.http.exchange import Unanswered
from audiopipe.backends.http.unpack import ACCEPTED
from audiopipe.errors import BackendError, BadReply, RejectedRequest, ServerFault, UsageError

if TYPE_CHECKING:
    import httpx

_HEADERS = {  # Cloudflare refuses requests without a user agent
    "User-Agent": f"audiopipe/{__version__}",
    "Accept-Encoding": ACCEPTED,
}
_READ_S = 3600.0
"""A read that nobody waits for any more ends after this."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds after which a line is given up, each for its own step.

    Attributes:
        connect_s: until the connection stands.
        write_s: between two pieces of the upload.
        idle_s: between two pieces of the answer, or two events of a stream.
        total_s: for one request, answer included; 0 goes by what is asked, see `Call.total_s`.
        pool_s: until one of the shared connections is free.
    """

    connect_s: float = 10.0
    write_s: float = 120.0
    idle_s: float = 120.0
    total_s: float = 0.0
    pool_s: float = 600.0


def new_client(timeouts: Timeouts) -> httpx.Client:
    """A client whose own time-outs are no shorter than the bounds of an exchange."""
    import httpx

    from audiopipe.backends.http.route import ByEnvironment

    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    waits = httpx.Timeout(
        connect=timeouts.connect_s, read=_READ_S, write=timeouts.write_s, pool=timeouts.pool_s
    )
    return httpx.Client(
        headers=_HEADERS, timeout=waits, transport=ByEnvironment(limits), trust_env=False
    )


def request_to(
    client: httpx.Client,
    method: str,
    url: str,
    address: str | None = None,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
) -> httpx.Request:
    """A request that is sent to one address of the name in its URL, whatever the name means then.

    Args:
        client: sends it.
        method, url, headers, content: of the request.
        address: of IP; None looks the name up. A proxy looks it up by itself.
    """
    from audiopipe.backends.http.route import proxy_for

    request = client.build_request(method, url, headers=headers, content=content)
    named = request.url
    if address is None or proxy_for(named.scheme, named.host, named.port):
        return request
    request.extensions["sni_hostname"] = named.host
    request.url = named.copy_with(host=address)
    return request


@contextmanager
def mapped(what: str) -> Iterator[None]:
    """httpx's errors as ours, and ours with what was sent."""
    import httpx

    def tell(kind: type[BackendError], why: str, error: Exception) -> NoReturn:
        raise kind(f"{what}: {why}") from error

    try:
        yield
    except Unanswered as error:
        advice = "it may have been billed, so it is not sent again by itself; raise --timeout"
        tell(Unanswered, f"{error}: {advice}", error)
    except (BadReply, RejectedRequest, ServerFault) as error:
        tell(type(error), str(error), error)
    except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        tell(Unsent, "no connection in time; check address and network", error)
    except httpx.TimeoutException as error:
        step = type(error).__name__.removesuffix("Timeout").lower()
        tell(ServerFault, f"no progress in time ({step}); try again later", error)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UsageError(f"{what}: {error}; check the address") from error
    except (httpx.LocalProtocolError, httpx.TooManyRedirects) as error:
        tell(RejectedRequest, str(error), error)
    except httpx.ConnectError as error:
        tell(Unsent, f"cannot connect: {error}; check address and network", error)
    except httpx.TransportError as error:
        if "location header" in str(error):  # httpx looks where a redirect leads
            tell(RejectedRequest, f"{error}; check the base URL", error)
        tell(ServerFault, f"the connection broke: {error}; try again later", error)
