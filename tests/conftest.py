"""Fixtures for all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.forked import Forks
from support.server import Server

# machines are shared: how long an example takes says nothing about it
settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50
)
# what passes once passes again, so that a failure is of the change; others are drawn by
# pytest --hypothesis-profile search
settings.register_profile("search", settings.get_profile("shared"), max_examples=500)
settings.register_profile("same", settings.get_profile("shared"), derandomize=True)
settings.load_profile("same")


def pytest_configure() -> None:
    """Children meet Ctrl-C as from a terminal, also where this run was begun in the background,
    with the signal ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A new folder each time: pytest's own way looks at all that are there, thousands of times."""
    made = tmp_path_factory.mktemp("answers")
    return (made / str(number) for number in count())


@pytest.fixture(autouse=True)
def answers(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the answers or the budget of another."""
    home = next(homes)
    home.mkdir()
    monkeypatch.setenv("AUDIOPIPE_CACHE_DIR", str(home))


@pytest.fixture
def server() -> Iterator[Server]:
    """A Groq-shaped server of the test's own."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """Starts command lines, each in a process of its own."""
    with Forks() as forks:
        yield forks
