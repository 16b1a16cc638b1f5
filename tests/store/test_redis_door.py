"""Redis that cannot be used: what is waited for, and what never goes better."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from support.tls import authority

from audiopipe.errors import LedgerLost
from audiopipe.store.redis_door import RedisDoor

pytest.importorskip("redis", reason="redis is not installed")


def test_a_certificate_of_an_unknown_authority_is_not_waited_for(tmp_path: Path) -> None:
    _, context = authority(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            with suppress(OSError):
                line, _ = listening.accept()
                with line, suppress(OSError):
                    context.wrap_socket(line, server_side=True).close()

        greeting = threading.Thread(target=greet)
        greeting.start()
        door = RedisDoor(f"rediss://127.0.0.1:{listening.getsockname()[1]}/0")
        with pytest.raises(LedgerLost, match="certificate verify failed"):
            door.held(door.redis.ping)
        door.close()
        greeting.join()


def test_one_that_is_away_is_told_of_while_it_is_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    door = RedisDoor(f"redis://:secret@127.0.0.1:{port}/0", patience_s=4.0)
    with pytest.raises(LedgerLost):
        door.held(door.redis.ping)
    (told,) = [each.getMessage() for each in caplog.records]
    assert "it is waited for, 4 s" in told
    assert "secret" not in told
    door.close()
