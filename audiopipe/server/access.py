"""Who may ask: keys, hashed at rest, with what each may do and take in a day."""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiopipe.backends.http.address import parts_of
from audiopipe.errors import OutputError, UsageError
from audiopipe.server.refusals import Refusal

SCOPES = ("transcribe", "jobs", "speak", "chat", "metrics")
"""What a key may be for; one without a list is for all."""

_SECRET = "whsec_"
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who asks.

    Attributes:
        name: of the key; the address where there are none.
        scopes: of `SCOPES`.
        max_audio_s, max_usd: what may be taken in a day.
        webhook_secret: signs what it is told; empty for that of the server.
    """

    name: str
    scopes: frozenset[str] = frozenset(SCOPES)
    max_audio_s: float = math.inf
    max_usd: float = math.inf
    webhook_secret: bytes = field(default=b"", repr=False)


class Access:
    """Knows clients by their keys, or, without a file of keys, by their addresses.

    The file is TOML: tables `[[keys]]` with `name`, `sha256` of the key, and if wanted `scopes`,
    `max_seconds` and `max_usd` a day, and a `webhook_secret` of its own. It is read again when
    it changes. Keys are random and long, so that a plain hash cannot be turned back.

    Args:
        path: the file; None for none.
        origins: of web pages that may ask without a key.

    Raises:
        UsageError: the file cannot be read, or says something else.
    """

    def __init__(self, path: Path | None, origins: tuple[str, ...]) -> None:
        self._path, self._origins = path, origins
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[bytes, Client] = {}
        if path:
            self._load(path)

    def client(self, headers: Mapping[str, str], address: str) -> Client:
        """Who asks.

        Args:
            headers: of the request, names in lower case.
            address: where it comes from.

        Raises:
            Refusal: nobody who may.
        """
        if self._path is None:
            self._check_page(headers)
            return Client(address)
        self._load(self._path)
        scheme, _, told = headers.get("authorization", "").partition(" ")
        key = told.strip() if scheme.lower() == "bearer" else ""
        key = key or headers.get("x-api-key", "") or headers.get("api-key", "")
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        found = [
            client for known, client in self._keys.items() if hmac.compare_digest(known, digest)
        ]
        if not key or not found:
            message = "this server needs a key: send it as Authorization: Bearer ..."
            raise Refusal(
                401,
                "the key is not known here" if key else message,
                "invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        return found[0]

    def named(self, name: str) -> Client:
        """The client of a name, as it may ask now; of a key that is gone, or of an address, one
        without bounds, whose work was accepted before."""
        known = (client for client in self._keys.values() if client.name == name)
        return next(known, Client(name))

    def _check_page(self, headers: Mapping[str, str]) -> None:
        """Without keys, pages of the web must not ask in their visitors' name: neither as a foreign
        origin, nor under a name that was made to point here.

        Raises:
            Refusal: one does.
        """
        origin, host = headers.get("origin", ""), headers.get("host", "")
        is_allowed = not origin or not {"*", origin}.isdisjoint(self._origins)
        if not is_allowed and parts_of(origin).netloc != host:
            message = "pages of this origin may not ask here: allow it with --cors-origin"
            raise Refusal(403, message, "foreign_origin")
        if (parts_of(f"//{host}").hostname or host or "localhost") not in _LOCAL_HOSTS:
            raise Refusal(421, "this server is reached as localhost alone", "misdirected")

    def _load(self, path: Path) -> None:
        try:
            status = path.stat()
            if (stamp := (status.st_mtime_ns, status.st_size)) == self._stamp:
                return
            self._keys = _read(path)
            self._stamp = stamp
        except OSError as error:
            if self._stamp is None:
                raise UsageError(f"cannot read the keys in {path}: {error.strerror}") from error


def add_key(path: Path, name: str) -> str:
    """Make a key and add it to a file of keys, which is made if missing; the key, which is kept
    nowhere.

    Raises:
        UsageError: the name is taken, or no name.
        OutputError: the file cannot be written.
    """
    if not name or not all(c.isalnum() or c in "-_." for c in name):
        raise UsageError(f"--new-key {name!r}: letters, digits, hyphens and dots make a name")
    if path.exists() and any(client.name == name for client in _read(path).values()):
        raise UsageError(f"there is a key named {name} in {path} already")
    key = f"ap-{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(f'[[keys]]\nname = "{name}"\nsha256 = "{digest}"\n\n')
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
    return key


def secret_of(text: str) -> bytes:
    """A secret that signs, of its text.

    Raises:
        ValueError: it is none.
    """
    secret = base64.b64decode(text.removeprefix(_SECRET), validate=True)
    if len(secret) < 24 or not text.startswith(_SECRET):
        raise ValueError(f"a secret is made with: echo {_SECRET}$(openssl rand -base64 32)")
    return secret


def _read(path: Path) -> dict[bytes, Client]:
    try:
        rows = tomllib.loads(path.read_text("utf-8"))["keys"]
        found = {bytes.fromhex(row["sha256"]): _client(row) for row in rows}
    except OSError as error:
        raise UsageError(f"cannot read the keys in {path}: {error.strerror}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} is no file of keys: {type(error).__name__}: {error}") from error
    if any(len(digest) != hashlib.sha256().digest_size for digest in found):
        raise UsageError(f"{path}: a sha256 has 64 digits")
    return found


def _client(row: Mapping[str, Any]) -> Client:
    scopes = frozenset(row.get("scopes", SCOPES))
    if unknown := scopes - set(SCOPES):
        raise ValueError(f"no scope {min(unknown)!r}: choose from {', '.join(SCOPES)}")
    max_audio_s, max_usd = (float(row.get(key, math.inf)) for key in ("max_seconds", "max_usd"))
    secret = str(row.get("webhook_secret", ""))
    signs = secret_of(secret) if secret else b""
    return Client(str(row["name"]), scopes, max_audio_s, max_usd, signs)
