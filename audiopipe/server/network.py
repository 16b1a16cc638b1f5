"""Which addresses are whose: the loopback, this network's, and the internet's."""

from __future__ import annotations

import ipaddress
import socket

from audiopipe.backends.http.address import parts_of
from audiopipe.errors import RejectedRequest, UsageError


def allow(url: str, fetch: str) -> str | None:
    """Go on, if an address may be asked for a client.

    Args:
        url: what a client named, or where that led.
        fetch: as `Settings.fetch`.

    Returns:
        The address of this name that was looked at, and is to be connected to, lest the name lead
        elsewhere by then; None for any.

    Raises:
        RejectedRequest: it may not.
    """
    parts = parts_of(url)
    if fetch == "none" or parts.scheme not in ("http", "https") or not parts.hostname:
        raise RejectedRequest(f"{parts.hostname or 'no address'}: not fetched by this server")
    if fetch == "any":
        return None
    try:
        found = _addresses(parts.hostname, parts.port or 0)
    except OSError as error:
        raise RejectedRequest(f"{parts.hostname}: {error.strerror}") from error
    if not all(each.is_global and not each.is_multicast for each in found):
        raise RejectedRequest(
            f"{parts.hostname}: not on the internet, and this server fetches nothing else (--fetch)"
        )
    return str(found[0])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host's addresses.

    Raises:
        UsageError: nobody knows it.
    """
    try:
        return all(each.is_loopback for each in _addresses(host, 0))
    except OSError as error:
        raise UsageError(
            f"--host {host} is no address of this machine: {error.strerror}"
        ) from error


def _addresses(host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    return [getattr(each, "ipv4_mapped", None) or each for each in addresses]
