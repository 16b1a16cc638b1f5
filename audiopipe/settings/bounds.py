"""How far a file of data reaches: a settings file, a pipeline, the record of a batch.

Such files are handed on, and who runs one has keys and files of his own. So a file names only what
lies in its own folder, and no server that would get a key of the environment; `--allow` lifts that.
What the command line or a variable says is what the user says, and is not held to this.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from audiopipe.errors import UsageError

READ, WRITTEN = ("glossary", "voice_samples"), ("output_dir", "cache_dir")
"""Settings that are paths."""
SENT = ("output_dir", "cache_dir", "ledger", "on")
"""Settings that may name a server, which then is told of the recordings, and of `on` more."""

_HOMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "groq": ("GROQ_API_KEY", "api.groq.com"),
        "openai": ("OPENAI_API_KEY", "api.openai.com"),
    }
)
"""Of each backend the variable of its key, and the host that it belongs to."""


def check_reach(
    told: Mapping[str, Any],
    all_told: Mapping[str, Any],
    place: str,
    folder: Path,
    environment: Mapping[str, str],
) -> None:
    """Refuse what reaches further than a file of data may.

    Args:
        told: settings as the file says them, and nobody else does.
        all_told: settings from all sources.
        place: the file, for messages.
        folder: where the file is.
        environment: where keys are looked for.

    Raises:
        UsageError: one reaches too far, and nobody has allowed it.
    """
    if told.get("allow"):
        raise UsageError(f"{place}: allow is for who runs a file to say, not for the file")
    if all_told.get("allow"):
        return
    for name in READ:
        for read in _paths(told.get(name)):
            check_inside(read, folder, f"{place}: {name}")
    for name in WRITTEN:
        path = told.get(name)
        if path and path != "-" and not _is_inside(path, Path.cwd()):
            check_inside(path, folder, f"{place}: {name}")
    for name in SENT:
        if "://" in str(told.get(name, "")):
            raise UsageError(f"{place}: {name} leads to a server: name it yourself, or --allow it")
    if url := told.get("base_url"):
        _check_server(url, str(all_told.get("backend", "auto")), place, environment)


def check_inside(path: str | os.PathLike[str], folder: Path, place: str) -> None:
    """Refuse a path that leads out of a folder, by its name or by links.

    Raises:
        UsageError: it does.
    """
    if not _is_inside(path, folder):
        raise UsageError(
            f"{place} leads out of {folder}, to {os.path.realpath(path)}: name it yourself, or "
            "--allow it"
        )


def _paths(value: str | Sequence[str] | None) -> list[str]:
    """The paths of a setting: one, or one behind each name."""
    if isinstance(value, str):
        return [value] if value else []
    return [each.partition("=")[2] for each in value or ()]


def _is_inside(path: str | os.PathLike[str], folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _check_server(url: str, backend: str, place: str, environment: Mapping[str, str]) -> None:
    try:
        parts = urlsplit(url.strip())
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        return  # who opens it says so
    if backend == "auto":
        backend = "groq" if host == _HOMES["groq"][1] else "openai"
    variable, home = _HOMES.get(backend, ("", ""))
    if not environment.get(variable) or _is_loopback(host) or (scheme, host) == ("https", home):
        return
    raise UsageError(
        f"{place}: base_url would send {variable} to {scheme}://{host}: name the server yourself, "
        "or --allow it"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
