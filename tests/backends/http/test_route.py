from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.server import KEY, Server

from audiopipe.backends.http.client import Call, Http
from audiopipe.backends.http.retry import Retry
from audiopipe.backends.http.route import certificates, is_direct
from audiopipe.errors import BackendError, UsageError

MODELS = Call("GET", "/models", "list of models")


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "direct"),
    [
        ("*", "any.org", 443, True),
        ("", "any.org", 443, False),
        ("a.org, b.org", "b.org", 443, True),
        ("a.org b.org", "b.org", 443, True),
        ("b.org", "sub.B.org.", 443, True),
        (".b.org", "b.org", 443, True),
        ("*.b.org", "sub.b.org", 443, True),
        ("b.org", "notb.org", 443, False),
        ("b.org:8443", "b.org", 8443, True),
        ("b.org:8443", "b.org", 443, False),
        ("https://b.org", "b.org", 443, True),
        ("10.0.0.0/8", "10.20.30.40", 80, True),
        ("10.0.0.0/8", "11.0.0.1", 80, False),
        ("10.1.2.3/8", "10.9.9.9", 80, True),
        ("10.0.0.0/8", "ten.org", 80, False),
        ("192.168.1.5", "192.168.1.5", 80, True),
        ("192.168.1.5:81", "192.168.1.5", 80, False),
        ("192.168.1.0/255.255.255.0", "192.168.1.77", 80, True),
        ("::1", "::1", 80, True),
        ("[::1]", "::1", 80, True),
        ("[::1]:81", "[::1]", 81, True),
        ("[::1]:81", "::1", 80, False),
        ("fe80::/10", "fe80::1%eth0", 80, True),
        ("[fe80::]/10", "fe80::1", 80, True),
        ("2001:db8::/32", "2001:db9::1", 80, False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", 80, True),
        ("0:0:0:0:0:0:0:1", "::1", 80, True),
        ("[::1, a.org/x, :80, b.org", "b.org", 443, True),
        ("klingon,,  ,", "a.org", 443, False),
    ],
)
def test_what_goes_past_the_proxy(no_proxy: str, host: str, port: int, direct: bool) -> None:
    assert is_direct(host, port, no_proxy) is direct


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("http", "https", "all", "no"):
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("SSLKEYLOGFILE", raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def models(url: str) -> int:
    http = Http(url, KEY, retry=Retry(attempts=1))
    try:
        return http.send(MODELS, lambda reply: len(reply.json()["data"]))
    finally:
        http.close()


def test_a_socks_proxy_is_gone_through(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with SocksProxy() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        assert models(server.url)
        assert proxy.asked
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8,[::1]")
        proxy.asked.clear()
        assert models(server.url) and not proxy.asked


@pytest.mark.parametrize(
    "value",
    ["foo://u:hunter2-x@host", "http://host:99999", "http://[::1", "http://", "socks4://h:1080"],
)
def test_a_proxy_that_is_none_is_named_without_its_password(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)
    with pytest.raises(UsageError, match=r"HTTP_PROXY=.* is no address of a proxy") as caught:
        models("http://example.org:8000")
    assert "hunter2" not in str(caught.value)


def test_a_proxy_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://me:hunter2-x@127.0.0.1:{port}")
    with pytest.raises(BackendError, match=f"http_proxy=http://.*@127.0.0.1:{port}") as caught:
        models("http://example.org:8000")
    assert "hunter2" not in str(caught.value)


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    for file in (tmp_path / "none.pem", tmp_path, tmp_path / "text.pem"):
        with pytest.raises(UsageError, match="SSL_CERT_FILE="):
            certificates({"SSL_CERT_FILE": str(file)})
    with pytest.raises(UsageError, match="SSL_CERT_DIR="):
        certificates({"SSL_CERT_DIR": str(tmp_path / "none")})
    with pytest.raises(UsageError, match="SSLKEYLOGFILE="):
        certificates({"SSLKEYLOGFILE": str(tmp_path / "none" / "keys")})


def test_variables_of_tls_harm_no_server_without_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/none.pem")
    monkeypatch.setenv("SSLKEYLOGFILE", "/none/keys")
    assert models(server.url)


class SocksProxy:
    """A SOCKS5 proxy (RFC 1928) for one client at a time, without a password."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> SocksProxy:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                self._relay(client)

    def _relay(self, client: socket.socket) -> None:
        client.recv(262)
        client.sendall(b"\x05\x00")
        asked = client.recv(262)
        self.asked.append(asked)
        host, port = socket.inet_ntoa(asked[4:8]), int.from_bytes(asked[8:10], "big")
        with socket.create_connection((host, port)) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            server.shutdown(socket.SHUT_WR)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
