"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A Groq-shaped server of the test's own."""
    with Server() as running:
        yield running
