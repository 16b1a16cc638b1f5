"""The way to a server as the environment has it: proxies, what goes past them, and certificates.

httpx knows these variables too, but takes a NO_PROXY of networks or of IPv6 addresses for a fault
of the address that is asked for, and leaves with whatever a missing file raises.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.request import getproxies

import httpx

from audiopipe.backends.http.address import legible, parts_of
from audiopipe.errors import UsageError


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it."""

    url: str
    origin: str

    def __str__(self) -> str:
        return f"{self.origin}={legible(self.url)}"


class ByEnvironment(httpx.BaseTransport):
    """Sends each request on the way that the environment names for its address.

    Connections are opened when they are first needed: a variable that is wrong harms only those
    requests that it is for.

    Args:
        limits: of connections, for each way.
    """

    def __init__(self, limits: httpx.Limits) -> None:
        self._limits = limits
        self._opening = threading.Lock()
        self._ways: dict[tuple[str, Proxy | None], httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = proxy_for(request.url.scheme, request.url.host, request.url.port)
        way = self._way(request.url.scheme, proxy)
        try:
            return way.handle_request(request)
        except httpx.TransportError as error:
            if proxy is None:
                raise
            raise type(error)(f"{error} (by way of {proxy})", request=request) from error

    def close(self) -> None:
        for way in self._ways.values():
            way.close()

    def _way(self, scheme: str, proxy: Proxy | None) -> httpx.HTTPTransport:
        with self._opening:
            if (scheme, proxy) not in self._ways:
                self._ways[scheme, proxy] = self._opened(scheme, proxy)
            return self._ways[scheme, proxy]

    def _opened(self, scheme: str, proxy: Proxy | None) -> httpx.HTTPTransport:
        # what is not encrypted needs no certificates, and no fault of theirs may stop it
        context = certificates(os.environ) if scheme == "https" else _unused()
        if proxy is None:
            return httpx.HTTPTransport(verify=context, limits=self._limits, trust_env=False)
        secured = certificates(os.environ) if proxy.url.startswith("https:") else None
        if not parts_of(proxy.url).hostname:
            raise _no_proxy(proxy)
        try:
            through = httpx.Proxy(proxy.url, ssl_context=secured)
            return httpx.HTTPTransport(
                verify=context, limits=self._limits, trust_env=False, proxy=through
            )
        except ImportError as error:
            raise UsageError(f"{proxy} needs a library: pip install socksio") from error
        except (ValueError, httpx.InvalidURL) as error:
            raise _no_proxy(proxy) from error


def _no_proxy(proxy: Proxy) -> UsageError:
    return UsageError(
        f"{proxy} is no address of a proxy: write it like http://host:3128 or socks5://host:1080, "
        "or unset it"
    )


def proxy_for(scheme: str, host: str, port: int | None) -> Proxy | None:
    """The proxy for an address, by the environment or the system; None where there is none."""
    known = getproxies()
    for kind in (scheme, "all"):
        if url := known.get(kind, "").strip():
            break
    else:
        return None
    if is_direct(host, port or {"https": 443}.get(scheme, 80), known.get("no", "")):
        return None
    origin = next((name for name in os.environ if name.lower() == f"{kind}_proxy"), "the system")
    return Proxy(url if "://" in url else f"http://{url}", origin)


def is_direct(host: str, port: int, no_proxy: str) -> bool:
    """Whether an address is to be reached without a proxy.

    Args:
        host: a name or an IP address, that of IPv6 with or without brackets.
        port: of the server.
        no_proxy: as in NO_PROXY: names, which stand for all below them too, addresses and networks
            (CIDR), each with or without a port, between commas or blanks; `*` for everything.
    """
    entries = re.split(r"[\s,]+", no_proxy.strip())
    return any(_names(entry, host.strip("[]").rstrip(".").lower(), port) for entry in entries)


def _names(entry: str, host: str, port: int) -> bool:
    entry = entry.rpartition("://")[2].lower()
    if entry in ("", "*"):
        return entry == "*"
    if (network := _in_network(entry, host)) is not None:
        return network
    name, _, its_port = entry.rpartition(":") if entry[-1] != "]" else (entry, "", "")
    if name and its_port.isdecimal():
        return int(its_port) == port and _names(name, host, port)
    name = entry.removeprefix("*").strip(".")
    return host == name or host.endswith(f".{name}")


def _in_network(entry: str, host: str) -> bool | None:
    """Whether the host lies in a network, which may be one address; None where it is no network."""
    try:
        network = ip_network(re.sub(r"^\[(.*?)\](?!:)", r"\1", entry), strict=False)
    except ValueError:
        return None
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped and network.version == 4:
        address = address.ipv4_mapped
    return address in network


def certificates(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Whom to trust: SSL_CERT_FILE, else SSL_CERT_DIR, else what certifi ships.

    Raises:
        UsageError: one of them, or SSLKEYLOGFILE, cannot be used.
    """
    _check_key_log(environment)
    file = environment.get("SSL_CERT_FILE") or None
    folder = None if file else environment.get("SSL_CERT_DIR") or None
    if not file and not folder:
        return httpx.create_ssl_context(trust_env=False)
    if folder and not any(_folders(folder)):
        raise UsageError(f"SSL_CERT_DIR={folder} is no folder: correct it, or unset it")
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:  # SSLError is one: a file without certificates
        raise UsageError(
            f"SSL_CERT_FILE={file} cannot be used: {error.strerror or error}; correct it, or "
            "unset it"
        ) from error


def _folders(names: str) -> Iterator[bool]:
    yield from (Path(name).is_dir() for name in names.split(os.pathsep))


def _check_key_log(environment: Mapping[str, str]) -> None:
    if file := environment.get("SSLKEYLOGFILE"):
        try:
            Path(file).open("a").close()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"SSLKEYLOGFILE={file} cannot be written: {getattr(error, 'strerror', error)}; "
                "correct it, or unset it"
            ) from error


def _unused() -> ssl.SSLContext:
    """Trusts nobody, for connections without TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
