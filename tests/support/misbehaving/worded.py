"""Bodies: what a 200 may hold, in which type, encoding and shape."""

from __future__ import annotations

import base64
import gzip
import json
import zlib

from support.misbehaving.case import GOOD, KEY, OK, TEXT, Case, Right, bad, good, told

PAGE = b"<html><head><title>Sign in</title></head><body><h1>Sign in</h1>to go on</body></html>"
JSON = json.dumps(GOOD).encode()


def typed(body: bytes | str, kind: str, right: Right) -> Case:
    return Case(right, body if isinstance(body, bytes) else body.encode(), kind)


def packed(body: bytes, encoding: str, right: Right) -> Case:
    return Case(right, body, headers={"Content-Encoding": encoding})


def bare(body: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


def rows(*texts: str, scale: float = 1.0, starts: tuple[float, ...] = (0.2, 2.2)) -> list[object]:
    return [
        {"text": f" {text}", "start": start * scale, "end": (start + 1.5) * scale}
        for text, start in zip(texts, starts, strict=False)
    ]


def stream(*events: str) -> bytes:
    return "".join(f"data: {event}\n\n" for event in events).encode()


_DEEP = b'{"text": "x", "a": ' + b"[" * 10_000 + b"]" * 10_000 + b"}"

_PAGES = {
    "page": typed(b"<!DOCTYPE html>" + PAGE, "text/html", bad("web page.*Sign in")),
    "page-without-doctype": typed(PAGE, "text/html; charset=utf-8", bad("Sign in")),
    "page-in-capitals": typed(PAGE.upper(), "text/html", bad("SIGN IN")),
    "page-that-begins-with-words": typed(
        'Please <a href="/login">sign in</a> to go on.', "text/html", bad("sign in")
    ),
    "page-of-entities": typed("Please&nbsp;wait &#8230;", "text/html", bad("Please")),
    "page-of-a-few-tags": typed("<center><h1>Busy</h1></center>", "text/html", bad("Busy")),
    "page-without-type": typed(PAGE, "", bad("Sign in")),
    "page-as-json": typed(PAGE, "application/json", bad("not JSON")),
    "page-as-plain-text": typed(PAGE, "text/plain", bad("Sign in")),
    "page-in-the-text": told({"text": PAGE.decode()}, bad("Sign in")),
    "xhtml": typed(b'<?xml version="1.0"?>' + PAGE, "application/xhtml+xml", bad("xhtml")),
    "xml-error": typed(
        "<Error><Code>NoSuchKey</Code></Error>", "application/xml", bad("NoSuchKey")
    ),
    "xml-as-text": typed("<?xml version='1.0'?><Error>gone</Error>", "text/xml", bad("gone")),
    "soap": typed("<soap:Fault><a>no</a></soap:Fault>", "text/plain", bad("no")),
    "svg": typed("<svg><a/></svg>", "image/svg+xml", bad("image/svg")),
}

ERRORS = {
    "error-beside-a-text": told({"error": {"message": "no GPU"}, "text": ""}, bad("no GPU", 1)),
    "error-as-text": told({"error": "model is loading"}, bad("model is loading", 1)),
    "error-with-a-code": told(
        {"error": {"message": "x", "code": 401}}, bad("check the API key", 1)
    ),
    "success-false": told({"success": False, "message": "no credit"}, bad("no credit", 1)),
    "ok-false": told({"ok": False, "reason": "closed"}, bad("closed", 1)),
    "status-error": told({"status": "error", "msg": "bad audio"}, bad("bad audio", 1)),
    "status-failed": told({"status": "failed", "text": ""}, bad("200", 1)),
    "detail-alone": told({"detail": "Not ready"}, bad("Not ready", 1)),
    "message-alone": told({"message": "no Route matched"}, bad("no Route", 1)),
    "errors": told({"errors": [{"code": 7003, "message": "no object"}]}, bad("no object", 1)),
    "object-error": told({"object": "error", "message": "too long"}, bad("too long", 1)),
    "code-and-msg": told({"code": 1001, "msg": "balance"}, bad("balance", 1)),
    "error-in-an-event": typed(
        stream('{"error": {"message": "worker died"}}'), "text/event-stream", bad("worker died")
    ),
}

_TYPES = {
    "image": typed(b"\x89PNG\r\n", "image/png", bad("image/png")),
    "sound": typed(b"RIFF0000WAVE", "audio/wav", bad("audio/wav")),
    "pdf": typed(b"%PDF-1.7", "application/pdf", bad("application/pdf")),
    "archive": typed(b"PK\x03\x04", "application/zip", bad("application/zip")),
    "parts": typed(b"--a\r\n\r\nx\r\n--a--", "multipart/mixed; boundary=a", bad("multipart")),
    "lines-of-json": typed(JSON + b"\n" + JSON, "application/x-ndjson", bad("not JSON")),
    "json-as-bytes": typed(JSON, "application/octet-stream", OK),
    "json-without-type": typed(JSON, "", OK),
    "json-as-page": typed(JSON, "text/html", OK),
    "json-as-text": typed(JSON, "text/json", OK),
    "json-of-a-kind": typed(JSON, "application/vnd.api+json; charset=utf-8", OK),
    "text-as-page": typed(f" {TEXT}\n", "text/html", OK),
    "plain-text": typed(TEXT, "text/plain", OK),
    "text-without-type": typed(TEXT, "", OK),
    "text-in-brackets": typed("[Music] goes on", "text/plain", good("[Music] goes on")),
    "events-with-the-whole": typed(
        stream(
            '{"type": "transcript.text.delta", "delta": "All"}',
            json.dumps({"type": "transcript.text.done", "text": TEXT}),
        ),
        "text/event-stream",
        OK,
    ),
    "events-without-end": typed(
        stream('{"type": "transcript.text.delta", "delta": "All"}'),
        "text/event-stream",
        bad("stream without an end"),
    ),
}

_EXCUSES = {
    f"excuse-{number}": typed(text, "text/plain", bad("no transcript, but"))
    for number, text in enumerate(
        (
            "Internal Server Error",
            "upstream connect error or disconnect/reset before headers. reset reason: overflow",
            "404 page not found",
            "no healthy upstream",
            "OK",
            "error: CUDA out of memory",
            "Rate limit exceeded, retry later",
        )
    )
}

_SHAPES = {
    "nothing": typed("", "application/json", bad("not JSON")),
    "nothing-as-text": typed("", "text/plain", bad("empty")),
    "blanks": typed(" \r\n ", "text/plain", bad("empty")),
    "null": typed("null", "application/json", bad("NoneType")),
    "number": typed("42", "application/json", bad("int")),
    "true": typed("true", "application/json", bad("bool")),
    "list-of-texts": told(["a", "b"], bad("list")),
    "list-of-segments": told(GOOD["segments"], OK),
    "text-alone": typed(json.dumps(TEXT), "application/json", OK),
    "object-of-nothing": told({}, bad("nothing")),
    "text-null": told({"text": None}, bad("no text")),
    "text-number": told({"text": 7}, bad("no text")),
    "text-list": told({"text": ["a"]}, bad("no text")),
    "text-object": told({"text": {"a": 1}}, bad("no text")),
    "a-chat": told({"choices": [{"message": {"content": "hi"}}]}, bad("no text")),
    "segments-text": told({**GOOD, "segments": "all"}, OK),
    "segments-object": told({**GOOD, "segments": {"0": {}}}, OK),
    "segments-of-null": told({**GOOD, "segments": [None, 7, "x"]}, OK),
    "segment-without-text": told({"text": TEXT, "segments": [{"start": 1}]}, OK),
    "words-text": told({**GOOD, "words": "all"}, OK),
    "figures-as-text": told({**GOOD, "segments": rows(TEXT), "duration": "4.0"}, OK),
    "deep": Case(bad("nested|not JSON"), _DEEP),
    "deep-by-100": told({"text": TEXT, "a": json.loads("[" * 100 + "]" * 100)}, bad("levels deep")),
    "infinite": typed('{"text": "x", "duration": Infinity}', "application/json", bad("not JSON")),
    "no-number": typed('{"text": "x", "duration": NaN}', "application/json", bad("not JSON")),
    "number-of-5000-digits": typed('{"text":"x","a":' + "9" * 5000 + "}", "", bad("not JSON")),
    "number-beyond-floats": typed(
        json.dumps({**GOOD, "x": 1}).replace('"x": 1', '"x": 1e999'), "application/json", OK
    ),
    "half-of-json": Case(bad("not JSON"), JSON[: len(JSON) // 2]),
    "json-and-more": Case(bad("not JSON"), JSON + b"<!-- 3 ms -->"),
    "key-in-a-good-text": told({"error": f"bad key {KEY}"}, bad(r"bad key \*\*\*", 1)),
    "key-in-base64": told(
        {"error": base64.b64encode(f"Bearer {KEY}".encode()).decode()}, bad(r"\*\*\*", 1)
    ),
}

_LETTERS = {
    "utf-8-with-mark": typed(b"\xef\xbb\xbf" + JSON, "application/json", OK),
    "utf-16": typed(JSON.decode().encode("utf-16"), "application/json", OK),
    "latin-1": typed("Grüße".encode("latin-1"), "text/plain; charset=ISO-8859-1", good("Grüße")),
    "latin-1-unsaid": typed("Grüße".encode("latin-1"), "text/plain", bad("not utf-8")),
    "big5": typed("你好".encode("big5"), 'text/plain; charset="Big5"', good("你好")),
    "charset-of-no-text": typed(TEXT, "text/plain; charset=zip", OK),
    "charset-unknown": typed(TEXT, "text/plain; charset=klingon", OK),
    "json-of-wrong-bytes": typed(b'{"text": "\xff"}', "application/json", bad("not JSON|not utf")),
    "half-a-character": typed('{"text": "a\\ud83d b"}', "application/json", good("a? b")),
    "escapes": told({"text": "a\x1b[31m red\x1b]0;title\x07 b"}, good("a red b")),
    "turned": told({"text": "a \u202eb\u202c \u2066c\u2069"}, good("a b c")),
    "returns": told({"text": "a\rb"}, good("a")),
    "zeros": told({"text": "a\x00b"}, good("ab")),
}

_PACKED = {
    "gzip": packed(gzip.compress(JSON), "gzip", OK),
    "deflate": packed(zlib.compress(JSON), "deflate", OK),
    "deflate-bare": packed(bare(JSON), "deflate", OK),
    "gzip-broken": packed(b"\x1f\x8b\x08\x00garbage", "gzip", bad("garbled|cut")),
    "gzip-cut": packed(gzip.compress(JSON)[:-12], "gzip", bad("cut")),
    "gzip-that-is-none": packed(JSON, "gzip", bad("garbled")),
    "brotli": packed(JSON, "br", bad("packed as 'br'")),
    "gzip-twice": packed(gzip.compress(gzip.compress(JSON)), "gzip, gzip", bad("packed as")),
    "bomb": packed(gzip.compress(b" " * (64 << 20)), "gzip", bad("longer than")),
}

_TIMES = {
    "milliseconds": told(
        {"text": "one two", "segments": rows("one", "two", scale=1e3)}, good("one two")
    ),
    "nanoseconds": told(
        {"text": "one two", "segments": rows("one", "two", scale=1e9)}, good("one two")
    ),
    "subrip": typed(
        f"1\r\n00:00:00,500 --> 00:00:03,500\r\n{TEXT}\r\n", "application/x-subrip", OK
    ),
    "webvtt": typed(
        f"WEBVTT\n\n00:00.500 --> 00:03.500 align:start\n<v Ann>{TEXT}", "text/vtt", OK
    ),
    "brackets": told({"text": f"[00:00:00.500 --> 00:00:03.500]   {TEXT}"}, OK),
    "tokens": told({"text": f"<|en|><|0.50|> {TEXT}<|3.50|>", "language": "<|en|>"}, OK),
    "backwards": told(
        {"segments": rows("two", "one", starts=(2.2, 0.2))}, good("two one", flag=True)
    ),
    "backwards-by-the-text": told(
        {"text": "one two", "segments": rows("two", "one", starts=(2.2, 0.2))}, good("one two")
    ),
    "text-with-more": told(
        {"text": "one two and three", "segments": rows("one", "two")},
        good("one two and three", flag=True),
    ),
    "after-the-end": told(
        {"segments": rows("one", "two", starts=(0.2, 90.0))}, good("one two", flag=True)
    ),
    "ends-before-it-begins": told(
        {"segments": [{"text": "one", "start": 3, "end": 1}]}, good("one", flag=True)
    ),
}

CASES: dict[str, Case] = {
    **_PAGES,
    **ERRORS,
    **_TYPES,
    **_EXCUSES,
    **_SHAPES,
    **_LETTERS,
    **_PACKED,
    **_TIMES,
}
