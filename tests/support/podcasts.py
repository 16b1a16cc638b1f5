"""A host of podcasts: files with versions and ranges, that break off where they are told to."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self


@dataclass(slots=True)
class File:
    """What is at a path; `cut` is after how many bytes each answer breaks off, while there are."""

    data: bytes
    kind: str = "audio/mpeg"
    tag: str = '"1"'
    cuts: list[int] = field(default_factory=list)


class Host:
    """A server on this machine. A context.

    Args:
        secured: speaks TLS with its certificate.
    """

    def __init__(self, secured: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, File] = {}
        self.asked: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if secured:
            plain = self._server.socket
            self._server.socket = secured.wrap_socket(plain, True, do_handshake_on_connect=False)
        self._scheme = "https" if secured else "http"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def feed(items: str, title: str = "The Show") -> File:
    """A feed of RSS with these items."""
    spaces = (
        'xmlns:podcast="https://podcastindex.org/namespace/1.0" '
        'xmlns:psc="http://podlove.org/simple-chapters"'
    )
    text = f'<rss version="2.0" {spaces}><channel><title>{title}</title>{items}</channel></rss>'
    return File(text.encode(), "application/rss+xml")


def item(number: int, title: str, url: str, more: str = "") -> str:
    """An item of January 2026, on the day of its number."""
    return (
        f"<item><guid>g{number}</guid><title>{title}</title>"
        f"<pubDate>{number:02} Jan 2026 06:00:00 GMT</pubDate>"
        f'<enclosure url="{url}" type="audio/mpeg" length="1"/>{more}</item>'
    )


def _handler(host: Host) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            host.asked.append((path, self.headers.get("Range", "")))
            file = host.files.get(path)
            if file is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            is_same = self.headers.get("If-Range", file.tag) == file.tag
            start = int(wanted[1]) if wanted and is_same else 0
            if start >= len(file.data) > 0:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(file.data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            if start:
                whole = len(file.data)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            self.send_header("Content-Type", file.kind)
            self.send_header("ETag", file.tag)
            self.send_header("Content-Length", str(len(file.data) - start))
            self.end_headers()
            cut = file.cuts.pop(0) if file.cuts else None
            self.wfile.write(file.data[start:][:cut])
            self.close_connection = cut is not None

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
