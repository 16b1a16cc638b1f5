"""Secrets, kept out of every message, whatever form a server gives them back in."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

from audiopipe.errors import BackendError, InvalidAnswer
from audiopipe.text.clean import one_line, printable

_LEAST = 4
"""Characters of a secret: a shorter one would be found in half of all words."""

_TELLING = 10
"""So many characters of a key's beginning tell it apart: servers and cuts leave such halves."""


class Secrets:
    """What must not be shown: a key, and what stands in an address.

    Args:
        key: the API key; "" for none.
        base_url: its user, password and the values of its query are secrets too.
    """

    def __init__(self, key: str, base_url: str = "") -> None:
        found = sorted({form for secret in _all(key, base_url) for form in _forms(secret)})
        patterns = [re.escape(form) for form in sorted(found, key=len, reverse=True)]
        if len(key) >= 2 * _TELLING:
            patterns.append(re.escape(key[:_TELLING]) + r"[\w\-./+=~]*")
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def hidden(self, text: str) -> str:
        """The text with stars in place of secrets."""
        return self._pattern.sub("***", text) if self._pattern else text

    def safe(self, error: BackendError) -> BackendError:
        """The same error: its message one line that shows no secret and moves no cursor."""
        error.args = (one_line(self.hidden(str(error)), 2000), *error.args[1:])
        if isinstance(error, InvalidAnswer):
            error.answer = self.hidden(printable(error.answer))
        return error


def _all(key: str, base_url: str) -> Iterator[str]:
    yield key
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    yield password
    if user and password:
        yield f"{user}:{password}"
    for part in parts.query.split("&"):
        name, _, value = part.partition("=")
        if re.search(r"key|token|sig|secret|auth|pass", name, re.IGNORECASE):
            yield unquote(value)


def _forms(secret: str) -> Iterable[str]:
    """A secret as it may stand in a text: plain, in an address, in JSON, or inside base64."""
    if len(secret) < _LEAST:
        return
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
    yield "".join(f"\\u{ord(letter):04x}" for letter in secret)
    yield secret.encode().hex()
    for before in range(3):
        # where the bytes before it do not fill groups of three, the first and the last letters
        # are shared with what stands around it
        coded = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        own = coded[(0, 2, 3)[before] : len(coded) - ((before + len(secret.encode())) % 3 > 0)]
        if len(own) >= _LEAST:
            yield own
            yield own.replace("+", "-").replace("/", "_")
