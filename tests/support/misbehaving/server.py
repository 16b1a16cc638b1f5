"""The server: its first part of the path is the name of the reply, unless it has been healed."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

import multipart

from support.misbehaving.case import WELL, Case, Request


class Misbehaving:
    """Runs in the background from `with Misbehaving(cases) as server:` on.

    Args:
        cases: replies by name.
        well: what a good server answers.

    Attributes:
        healed: whether every name is answered well.
        asked: requests by name; with a stroke behind it after the healing.
    """

    def __init__(self, cases: Mapping[str, Case], well: Case = WELL) -> None:
        self.healed = False
        self.asked: Counter[str] = Counter()
        self._cases = cases
        self._well = well
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def url(self, name: str) -> str:
        """The base URL under which a reply is given."""
        return f"{self.address}/{name}/v1"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, suppress(OSError, IndexError):  # a client may hang up at any time
            name, fields, size = _read(line)
            with self._lock:
                count = self.asked[name]
                self.asked[name + "'" * self.healed] += 1
            case = WELL if self.healed else self._cases[name]
            while case.act:
                case = case.act(Request(fields, count, size))
            case = self._well if case is WELL else case
            line.sendall(case.wire())
            if case.slowly:
                piece, pause_s, times = case.slowly
                for _ in range(times):
                    time.sleep(pause_s)
                    line.sendall(piece)
            line.shutdown(socket.SHUT_WR)


def _read(line: socket.socket) -> tuple[str, dict[str, str], int]:
    """Name, text fields and size of a request."""
    headers = {}
    with line.makefile("rb") as file:
        path = file.readline().split(b" ")[1].decode()
        while (row := file.readline().strip()) != b"":
            name, _, value = row.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = file.read(int(headers.get("content-length", 0)))
    fields: dict[str, str] = {}
    if headers.get("content-type") == "application/json":
        fields = {name: json.dumps(value) for name, value in json.loads(body).items()}
    boundary = re.search("boundary=(.+)", headers.get("content-type", ""))
    if boundary:
        for part in multipart.MultipartParser(
            io.BytesIO(body), boundary[1], len(body), spool_limit=2**30, memory_limit=2**30
        ):
            fields[part.name] = "" if part.filename else part.value
    return path.split("/")[1], fields, len(body)
