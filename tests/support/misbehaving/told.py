"""Statuses, redirects, refusals of fields, and figures that servers tell."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from support.misbehaving.case import (
    GOOD,
    KEY,
    OK,
    TEXT,
    WELL,
    Case,
    Request,
    Right,
    bad,
    good,
    told,
)

NOW = "Thu, 01 Jan 2026 00:00:00 GMT"


def refused(status: int, message: str, right: Right, **headers: str) -> Case:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return told({"error": {"message": message}}, right, status=status, headers=named)


def moved(status: int, to: str, right: Right) -> Case:
    return Case(right, status=status, headers={"Location": to})


def once(case: Case, right: Right) -> Case:
    """The reply to the first request; then all is well."""
    return Case(right, act=lambda request: WELL if request.number else case)


def unless(refuses: Callable[[Request], bool], status: int, body: object, right: Right) -> Case:
    """A refusal of what some requests ask for."""
    no = told(body, right, status=status)
    return Case(right, act=lambda request: no if refuses(request) else WELL)


def asks(name: str, value: str = "") -> Callable[[Request], bool]:
    return lambda request: value in request.fields.get(name, "\0" * (not value))


def has(name: str) -> Callable[[Request], bool]:
    return lambda request: name in request.fields


def limited(words: str, right: Right, **headers: str) -> Case:
    return once(refused(429, words, right, **headers), right)


_WAITED = good(most=2)
_STOPPED = Right(4, "", most=6)
_TOLD = "Rate limit reached on seconds of audio per hour (ASPH): "

_STATUSES = {
    "accepted": Case(bad("202", 1), b'{"id": "job-1"}', status=202),
    "no-content": Case(bad("204", 1), raw=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "partial": Case(bad("206", 1), json.dumps(GOOD).encode(), status=206),
    "created": told(GOOD, OK, status=201),
    "transformed": told(GOOD, OK, status=203),
    "other-host": moved(
        301, "https://elsewhere.example/v1", bad("elsewhere.example.*--base-url", 1)
    ),
    "other-host-for-good": moved(308, "http://127.0.0.2:9/v1?key=1", bad("127.0.0.2:9/v1,", 1)),
    "encrypted-elsewhere": moved(307, "https://127.0.0.1/x", bad("https://127.0.0.1/x", 1)),
    "found": moved(302, "../../login", bad("login", 1)),
    "see-other": moved(303, "/jobs/1", bad("jobs/1", 1)),
    "circle": moved(307, "transcriptions", bad("redirects", 6)),
    "moved-nowhere": Case(bad("308", 1), status=308),
    "moved-to-nonsense": moved(308, "http://[::1", bad("location|308", 1)),
    "moved-here": once(moved(307, "transcriptions?again=1", OK), _WAITED),
    "moved-here-for-good": once(moved(308, "./transcriptions", OK), _WAITED),
    "key-refused": refused(401, f"Incorrect API key: {KEY}", bad(r"key: \*\*\*", 1)),
    "key-in-escapes": Case(
        bad("check the API key", 1),
        b'{"error": "no %s"}' % "".join(f"\\u{ord(c):04x}" for c in KEY).encode(),
        status=401,
    ),
    "key-in-base64": refused(
        401, base64.b64encode(f"u:{KEY}".encode()).decode(), bad("check the API key", 1)
    ),
    "half-of-the-key": refused(401, f"no such key {KEY[:20]}", bad(r"no such key \*\*\*", 1)),
    "payment": refused(402, "no credit", bad("billing", 1)),
    "forbidden-page": Case(bad("network", 1), b"<html>no</html>", "text/html", 403),
    "not-found": Case(bad("base URL", 1), b"404 page not found", "text/plain", 404),
    "no-such-method": refused(405, "no", bad("base URL", 1)),
    "gone": refused(410, "this API has ended", bad("has ended", 1)),
    "no-length": refused(411, "Length Required", bad("411", 1)),
    "too-large-at-every-size": Case(
        bad("bytes only|too many", 8), b"<h1>413</h1>", "text/html", 413
    ),
    "no-such-type": refused(415, "audio/flac is not known", bad("415", 1)),
    "teapot": Case(bad("418", 1), b"", "", 418),
    "detail-of-a-field": told(
        {"detail": [{"loc": ["body", "file"], "msg": "field required"}]},
        bad("field required", 1),
        status=422,
    ),
    "legal": refused(451, "not here", bad("not here", 1)),
    "fault": refused(500, "boom", bad("boom", 5)),
    "fault-page": Case(
        bad("502 Bad Gateway nginx", 5), b"<h1>502 Bad Gateway</h1>nginx", "text/html", 502
    ),
    "busy": refused(503, "busy", bad("busy", 5), retry_after="0"),
    "late": refused(504, "late", bad("late", 5)),
    "overloaded": refused(529, "overloaded", bad("overloaded", 5)),
    "status-999": Case(bad("999", 5), b"", "", 999),
    "fault-with-escapes": refused(500, "\x1b[2J\rboom\u202e", bad("500.*boom", 5)),
    "fault-of-a-megabyte": refused(500, "x" * 1_000_000, bad("xxx", 5)),
    "fault-of-brackets": Case(bad("500", 5), b"<" * 100_000, "text/html", 500),
    "fault-then-well": once(refused(500, "boom", OK), _WAITED),
    "no-repeat": refused(500, "boom", bad("boom", 1), x_should_retry="false"),
}

_FIELDS = {
    "no-verbose-json": unless(
        asks("response_format", "verbose"),
        400,
        {"error": {"message": "response_format 'verbose_json' is not supported"}},
        _WAITED,
    ),
    "text-only": unless(
        asks("response_format", "json"),
        400,
        {"error": "response_format must be text"},
        good(most=3),
    ),
    "no-granularities": unless(
        has("timestamp_granularities[]"),
        422,
        {"detail": [{"loc": ["body", "timestamp_granularities[]"], "msg": "extra"}]},
        _WAITED,
    ),
    "no-granularities-at-all": unless(
        has("timestamp_granularities[]"),
        500,
        {"error": "assertion: timestamp_granularities need verbose"},
        _WAITED,
    ),
    "no-temperature": unless(
        has("temperature"),
        400,
        {"error": {"message": "Unsupported parameter", "param": "temperature"}},
        _WAITED,
    ),
    "no-words-why": unless(has("timestamp_granularities[]"), 400, {}, _WAITED),
    "three-things": unless(
        has("temperature"),
        400,
        {"error": "temperature, timestamp_granularities: unknown"},
        good(most=3),
    ),
    "refuses-whatever": refused(400, "response_format is unknown", bad("response_format", 3)),
}

_FIGURES = {
    "wait-0-for-ever": refused(429, "slow down", _STOPPED, retry_after="0"),
    "wait-unsaid-for-ever": refused(429, "slow down", _STOPPED),
    "wait-of-1e20": limited("slow", _WAITED, retry_after="1e20"),
    "wait-of-20-digits": limited("slow", _WAITED, retry_after="9" * 20),
    "wait-below-zero": limited("slow", _WAITED, retry_after="-5"),
    "wait-until-9999": limited("slow", _WAITED, retry_after="Fri, 31 Dec 9999 23:59:59 GMT"),
    "wait-until-1970": limited("slow", _WAITED, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"),
    "wait-by-its-own-clock": limited("slow", _WAITED, retry_after=NOW, date=NOW),
    "wait-in-ms": limited("slow", _WAITED, retry_after_ms="30"),
    "wait-of-no-number": limited("slow", _WAITED, retry_after="NaN"),
    "wait-of-a-page": limited("slow", _WAITED, retry_after="x" * 5000),
    "wait-in-words": limited("Please retry after 0.05 seconds.", _WAITED),
    "limit-of-nothing": limited(_TOLD + "Limit , Used , Requested .", _WAITED),
    "limit-of-half": limited(_TOLD + "Limit 0.5, Used 0.4, Requested 4.", _WAITED),
    "limit-of-dots": limited(_TOLD + "Limit 1.2.3, Used ..., Requested 4.", _WAITED),
    "limit-of-40-digits": limited(_TOLD + f"Limit {'9' * 40}, Used 1, Requested 4.", _WAITED),
    "used-beyond-all": limited(_TOLD + f"Limit {'9' * 14}, Used {'9' * 15}, x.", _WAITED),
    "headers-of-nonsense": told(
        GOOD,
        OK,
        headers={
            "x-ratelimit-limit-requests": "1e300",
            "x-ratelimit-remaining-requests": "-5",
            "x-ratelimit-reset-requests": "never",
            "x-ratelimit-limit-audio-seconds": "0",
            "x-ratelimit-remaining-audio-seconds": "NaN",
            "x-ratelimit-reset-audio-seconds": "9h" * 99,
        },
    ),
    "headers-of-one-second": told(
        GOOD,
        OK,
        headers={
            "x-ratelimit-limit-audio-seconds": "1",
            "x-ratelimit-remaining-audio-seconds": "0",
            "x-ratelimit-reset-audio-seconds": "3600s",
        },
    ),
    "language-of-three-letters": told({**GOOD, "language": "eng"}, good(TEXT)),
}

CASES: dict[str, Case] = {**_STATUSES, **_FIELDS, **_FIGURES}
