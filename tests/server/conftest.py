"""One gateway for all tests that change none of its settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.gateway import Gateway, flac
from support.server import Server


@pytest.fixture(scope="session")
def upstream() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def gateway(upstream: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(upstream, tmp_path_factory.mktemp("gateway"), "--hold", "5") as running:
        yield running


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute, which takes four chunks."""
    path = tmp_path_factory.mktemp("recordings") / "talk.flac"
    path.write_bytes(flac(120))
    return path
