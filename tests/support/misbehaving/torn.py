"""Lines: what goes wrong below the body, and what has no end."""

from __future__ import annotations

import json

from support.misbehaving.case import GOOD, KEY, OK, Case, Right, bad

JSON = json.dumps(GOOD).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SHORT = ("--timeout", "1")
BILLED = bad("may have been billed", 1)


def raw(reply: bytes, right: Right, **more: object) -> Case:
    return Case(right, raw=reply, **more)  # type: ignore[arg-type]


def sized(size: object) -> bytes:
    return HEAD + f"Content-Length: {size}\r\n\r\n".encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

CASES: dict[str, Case] = {
    "hung-up": raw(b"", bad("connection broke", 5)),
    "cut-in-the-status": raw(b"HTTP/1.1 2", bad("connection broke", 5)),
    "cut-in-the-head": raw(HEAD, bad("connection broke", 5)),
    "cut-in-the-body": raw(sized(len(JSON)) + JSON[:40], bad("connection broke", 5)),
    "cut-between-chunks": raw(_CHUNKED + chunk(JSON[:40]), bad("connection broke", 5)),
    "chunk-of-no-size": raw(_CHUNKED + b"xyz\r\n" + JSON, bad("connection broke", 5)),
    "chunk-longer-than-it-says": raw(_CHUNKED + b"2\r\n" + JSON, bad("connection broke", 5)),
    "length-below-zero": raw(sized(-5) + JSON, bad("connection broke", 5)),
    "length-of-no-number": raw(sized("many") + JSON, bad("connection broke", 5)),
    "length-too-small": raw(sized(40) + JSON, bad("not JSON", 3)),
    "two-lengths": raw(
        HEAD + b"Content-Length: 5\r\n" + sized(7)[len(HEAD) :] + JSON, bad("connection broke", 5)
    ),
    "no-status": raw(b"hello\r\n\r\n" + JSON, bad("connection broke", 5)),
    "status-of-letters": raw(b"HTTP/1.1 OK\r\n\r\n" + JSON, bad("connection broke", 5)),
    "another-protocol": raw(b"SSH-2.0-OpenSSH_9.6\r\n", bad("connection broke", 5)),
    "encryption": raw(b"\x15\x03\x01\x00\x02\x02\x28", bad("connection broke", 5)),
    "head-too-long": raw(HEAD + b"X: " + b"a" * 300_000, bad("connection broke", 5)),
    "head-of-many-lines": raw(
        HEAD + b"".join(b"X-%d: 1\r\n" % n for n in range(20_000)), bad("connection broke", 5)
    ),
    "line-without-colon": raw(HEAD + b"nonsense\r\n\r\n" + JSON, bad("connection broke", 5)),
    "until-it-hangs-up": raw(HEAD + b"\r\n" + JSON, OK),
    "whole-in-chunks": raw(
        _CHUNKED + b"".join(chunk(JSON[n : n + 9]) for n in range(0, len(JSON), 9)) + b"0\r\n\r\n",
        OK,
    ),
    "go-on-first": raw(b"HTTP/1.1 100 Continue\r\n\r\n" + sized(len(JSON)) + JSON, OK),
    "early-hints-first": raw(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + sized(len(JSON)) + JSON, OK
    ),
    "silent": raw(b"", BILLED, slowly=(b"", 30.0, 1), more=SHORT),
    "silent-after-the-head": raw(sized(500), BILLED, slowly=(b"", 30.0, 1), more=SHORT),
    "silent-in-the-body": raw(sized(500) + b"{", BILLED, slowly=(b"", 30.0, 1), more=SHORT),
    "byte-by-byte": raw(sized(500), BILLED, slowly=(b" ", 0.3, 100), more=SHORT),
    "head-byte-by-byte": raw(HEAD, BILLED, slowly=(b"X", 0.3, 100), more=SHORT),
    "go-on-for-ever": raw(
        b"", BILLED, slowly=(b"HTTP/1.1 100 Continue\r\n\r\n", 0.2, 100), more=SHORT
    ),
    "pings-for-ever": raw(
        HEAD.replace(b"application/json", b"text/event-stream") + b"\r\n",
        BILLED,
        slowly=(b": ping\n\n", 0.2, 100),
        more=SHORT,
    ),
    "body-without-end": raw(
        HEAD + b"\r\n{", bad("longer than", 3), slowly=(b" " * (1 << 20), 0.0, 200)
    ),
    "size-of-10-GB": raw(
        sized(10_000_000_000), bad("longer than", 3), slowly=(b" " * (1 << 20), 0.0, 200)
    ),
    "key-in-a-broken-head": raw(b"HTTP/1.1 " + KEY.encode() + b"\r\n\r\n", bad("connection", 5)),
}
