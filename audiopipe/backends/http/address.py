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
    parts = _parts(base_url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"the base URL {base_url!r} is no address: write it like http://host:8000")
    path = _ENDPOINT.sub("", parts.path.rstrip("/"))
    if is_groqs(base_url):
        path = "/openai/v1"
    elif path in ("", "/openai"):
        path += "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_groqs(base_url: str) -> bool:
    """Whether an address is Groq's own."""
    return _parts(base_url.strip()).hostname == "api.groq.com"


def without_secrets(url: str) -> str:
    """An address without user, password and query, which may carry a signature."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"


def public_name(url: str) -> str:
    """An address without user, password and query, but told from every other.

    A hash stands for what is left out, behind `#`.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    secret = hashlib.sha256(os.fsencode(url)).hexdigest()[:8]
    return bare if bare == url else f"{bare}#{secret}"


def _parts(address: str) -> SplitResult:
    """The parts of an address; empty where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
