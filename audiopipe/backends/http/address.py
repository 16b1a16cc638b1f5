"""Addresses of servers, as users write them."""

from __future__ import annotations

import hashlib
import os
import re
from urllib.parse import SplitResult, urlsplit

from audiopipe.errors import UsageError

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


def is_groqs(base_url: str) -> bool:
    """Whether an address is Groq's own."""
    return parts_of(base_url.strip()).hostname == "api.groq.com"


def without_secrets(url: str) -> str:
    """An address without user, password and query, which may carry a signature."""
    parts = parts_of(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


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
