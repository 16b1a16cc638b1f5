"""Addresses of servers, as users write them."""

from __future__ import annotations

import hashlib
import os
import re
from urllib.parse import SplitResult, urljoin, urlsplit

from audiopipe.errors import RejectedRequest, UsageError

_ENDPOINT = re.compile(r"/(audio/(transcriptions|translations|speech)|chat/completions|models)$")


def api_root(base_url: str) -> str:
    """The address that paths such as `/audio/transcriptions` are put behind.

    Users give a host, a host with `/v1`, or a whole endpoint, with or without a slash at the end.

    Raises:
        UsageError: it is no http or https address.
    """
    parts = parts_of(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"the base URL {legible(base_url)!r} is no address: write it like http://host:8000"
        )
    path = _ENDPOINT.sub("", parts.path.rstrip("/"))
    if is_groqs(base_url):
        path = "/openai/v1"
    elif path in ("", "/openai"):
        path += "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def query_of(base_url: str) -> str:
    """The query of an address, without `?`: Azure's `api-version` goes with each request."""
    return "" if is_groqs(base_url) else parts_of(base_url.strip()).query


def is_azures(root: str) -> bool:
    """Whether an API takes its key in the header `api-key`, as Azure OpenAI does."""
    parts = parts_of(root)
    return (parts.hostname or "").endswith(".azure.com") or "/openai/deployments/" in parts.path


def onward(url: str, status: int, location: str, method: str) -> str | None:
    """Where a redirect leads; None if the answer is no redirect.

    Args:
        url: what was asked.
        status, location: of the answer.
        method: with it; only 307 and 308 keep a POST what it is (RFC 9110, 15.4).

    Raises:
        RejectedRequest: to another server, or not with this method: the key goes nowhere that the
            user has not named.
    """
    followed = (301, 302, 303, 307, 308) if method == "GET" else (307, 308)
    if status not in (301, 302, 303, 307, 308) or not location.strip():
        return None
    target = parts_of(urljoin(url, location.strip()))
    here = parts_of(url)
    if status in followed and (target.scheme, target.netloc) == (here.scheme, here.netloc):
        return target._replace(fragment="").geturl()
    raise RejectedRequest(
        f"{status}: the server sends on to {without_secrets(target.geturl())[:200]}, which is not "
        "followed; if that is meant, name it with --base-url"
    )


def is_groqs(base_url: str) -> bool:
    """Whether an address is Groq's own."""
    return parts_of(base_url.strip()).hostname == "api.groq.com"


def without_secrets(url: str) -> str:
    """An address without user, password and query, which may carry a signature."""
    parts = parts_of(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def legible(text: str) -> str:
    """What may be no address at all, for messages: without what could be a password or a key."""
    return re.sub(r"//[^/?#]*@", "//***@", text.partition("?")[0])


def public_name(url: str) -> str:
    """An address without user, password and query, but told from every other.

    A hash stands for what is left out, behind `#`.
    """
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        bare = parts._replace(netloc=netloc, query="", fragment="").geturl()
    except ValueError:
        bare = legible(url)
    secret = hashlib.sha256(os.fsencode(url)).hexdigest()[:8]
    return bare if bare == url else f"{bare}#{secret}"


def parts_of(address: str) -> SplitResult:
    """The parts of an address; empty where it is none, or its port is none."""
    try:
        parts = urlsplit(address)
        return parts if parts.port is None or parts.port else urlsplit("")
    except ValueError:
        return urlsplit("")
