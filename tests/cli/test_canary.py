"""A key and a password that must never be seen again, and forty ways of failing."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from support.answers import Answer, error, ok, plain
from support.fixtures import RECORDINGS
from support.forked import Case, Forks
from support.server import Server

KEY = 'gsk_Canary"0123/45+67\\89&<x>'
PASSWORD = "hunter2-canary"
LAST = {"x-should-retry": "false"}
TALK = str(RECORDINGS / "jfk.flac")

ONCE = ("--no-voice-check", "--max-requests", "1", "-v")

SPELLED = {
    "as it is": KEY,
    "json": json.dumps(KEY)[1:-1],
    "slashes": json.dumps(KEY)[1:-1].replace("/", "\\/"),
    "escapes": "".join(f"\\u{ord(each):04x}" for each in KEY),
    "percent": quote(KEY, safe=""),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "basic": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "hex": KEY.encode().hex(),
}


def replies() -> Iterator[Answer]:
    """What servers answer that echo what they were sent."""
    for status, spelled in zip(
        (400, 401, 403, 404, 413, 422, 429, 500), SPELLED.values(), strict=True
    ):
        body = b'{"error": {"message": "Bearer %s", "code": "%s"}}' % ((spelled.encode(),) * 2)
        yield Answer(status, body, headers=LAST)
    yield error(401, f"Incorrect API key provided: {KEY}")
    yield Answer(502, f"<html><body>{KEY}</body></html>".encode(), "text/html", LAST)
    yield Answer(307, b"", headers={"Location": f"https://example.org/?key={quote(KEY)}"})
    yield Answer(401, b"{}", headers={"www-authenticate": f"Bearer {KEY}"})
    yield ok({"error": {"message": f"key {KEY} is unknown"}, "text": ""})
    yield ok({"message": SPELLED["escapes"], "success": False})
    yield plain(f"unknown key {KEY}", "text/html")
    yield ok([KEY])
    yield ok({KEY: KEY})


def cases(url: str, folder: Path) -> Iterator[tuple[Answer | None, Case]]:
    """Command lines with what the server answers first."""
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
    secret = {"GROQ_API_KEY": KEY, "AUDIOPIPE_BACKEND": "groq", "AUDIOPIPE_BASE_URL": url}
    with_password = f"http://me:{PASSWORD}@127.0.0.1:1"
    lines: list[tuple[Answer | None, tuple[str, ...], dict[str, str]]] = []
    for reply in replies():
        lines.append((reply, ("transcribe", TALK, "--log-format", "ndjson", *ONCE), {}))
        lines.append((reply, ("chat", "Hi.", "--stream", *ONCE[1:]), {}))
    lines += [
        (None, ("chat", "Hi.", "--base-url", f"http://me:{PASSWORD}@host:99999"), {}),
        (None, ("chat", "Hi.", "--base-url", f"http://me:{PASSWORD}@[::1"), {}),
        (None, ("chat", "Hi.", "--base-url", f"ftp://me:{PASSWORD}@host"), {}),
        (None, ("transcribe", f"http://me:{PASSWORD}@127.0.0.1:1/a.mp3"), {}),
        (None, ("transcribe", f"http://me:{PASSWORD}@[::1/a.mp3", TALK), {}),
        (None, ("transcribe", "a.wav", f"--bogus=http://me:{PASSWORD}@host"), {}),
        (
            None,
            ("chat", "Hi.", *ONCE[1:], "--base-url", "http://a.org"),
            {"HTTP_PROXY": with_password},
        ),
        (None, ("chat", "Hi.", "-l", KEY), {}),
        (None, ("speak", "Hi.", "-o", "a.wav", "--voice", KEY), {}),
        (None, (KEY,), {}),
    ]
    for number, (first, arguments, environment) in enumerate(lines):
        place = folder / str(number)
        place.mkdir()
        cache = {"AUDIOPIPE_CACHE_DIR": str(place / "cache")}
        yield first, Case(arguments, keyless | secret | cache | environment, str(place), str(place))


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_no_key_and_no_password_is_ever_seen_again(forks: Forks, tmp_path: Path) -> None:
    with Server() as server:
        todo = [*cases(server.url, tmp_path)]
        for reply, case in todo:
            server.faults.clear()
            if reply:
                server.faults.extend([reply] * 3)
            code = forks.run(case)
            assert code >= 0, (case.arguments, Path(case.folder, "stderr").read_text())
    assert len(todo) >= 40
    forbidden = [PASSWORD.encode(), *(each.encode() for each in SPELLED.values())]
    for _, case in todo:
        for file in Path(case.folder).rglob("*"):
            data = file.read_bytes() if file.is_file() else b""
            seen = [each for each in forbidden if each in data]
            assert not seen, (case.arguments, file, data)
        told = Path(case.folder, "stderr").read_text()
        assert "a defect" not in told, told
        assert "audiopipe" in told or '"event"' in told, told
