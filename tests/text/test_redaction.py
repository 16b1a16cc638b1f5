from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.text.redaction import Veil, secrets_of, without_all_secrets, without_secrets

KEY = 'gsk_Canary0/+=ü"\\'
ASCII_KEY = 'gsk_Canary0/+="\\'

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "json": json.dumps,
    "json in json": lambda key: json.dumps(json.dumps(key)),
    "json, all escaped": lambda key: "".join(f"\\u{ord(each):04X}" for each in key),
    "python": repr,
    "percent": lambda key: quote(key, safe=""),
    "percent, lower case": lambda key: quote(key, safe="").lower().replace("gsk_c", "gsk_C"),
    "percent twice": lambda key: quote(quote(key, safe=""), safe=""),
    "form": quote_plus,
    "html": html.escape,
    "html, all escaped": lambda key: "".join(f"&#{ord(each)};" for each in key),
    "hex": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 behind a user": lambda key: base64.b64encode(f"me:{key}".encode()).decode(),
    "base64 for addresses": lambda key: base64.urlsafe_b64encode(f"u:{key}!".encode()).decode(),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_is_hidden_however_it_is_spelled(spelling: str) -> None:
    spelled = SPELLINGS[spelling](KEY)
    left = without_secrets(f"before {spelled} behind", [KEY])
    assert left.startswith("before ") and left.endswith(" behind")
    assert "***" in left and len(left) < len("before  behind") + 14, left


@given(st.text(), st.text(st.characters(codec="utf-8"), min_size=8), st.text())
def test_any_secret_is_hidden_and_the_rest_stays(before: str, secret: str, behind: str) -> None:
    left = without_secrets(before + secret + behind, [secret])
    assert secret not in left.replace("***", "\0") or secret in "***"
    assert without_secrets(before, []) == before


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("get https://me:pass@host/x", "get https://***@host/x"),
        ("get https://token@host", "get https://***@host"),
        ("s3://b/a?X-Amz-Signature=ab12&b=2", "s3://b/a?X-Amz-Signature=***&b=2"),
        ("/v1?api-key=12345#x", "/v1?api-key=***#x"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("{'authorization': 'Basic dTpw'}", "{'authorization': 'Basic ***'}"),
        ("key sk-proj-abcdefghij0123456789", "key ***"),
        ("a bearer instrument, Basic understanding", "a bearer instrument, Basic understanding"),
        ("mail me@host.org at 10:30", "mail me@host.org at 10:30"),
        ("error code=400", "error code=400"),
    ],
)
def test_what_looks_like_a_secret_is_left_out_of_messages(message: str, left: str) -> None:
    assert without_all_secrets(message, []) == left


def test_secrets_are_found_by_the_names_of_variables_and_in_addresses() -> None:
    environment = {
        "GROQ_API_KEY": "gsk_0123456789",
        "AWS_SECRET_ACCESS_KEY": " wJalrXUtnFEMI ",
        "HF_TOKEN": "hf_0123456789",
        "HTTPS_PROXY": "http://me:pass%2Fw0rd@host:3128",
        "OPENAI_API_KEY": "EMPTY",
        "LOCAL_API_KEY": "lm-studio",
        "HOME": "/home/me-myself-0",
    }
    assert secrets_of(environment, ["-o", "https://u:0ther-pass@host/a"]) == (
        "0ther-pass", "gsk_0123456789", "hf_0123456789", "pass%2Fw0rd", "pass/w0rd",
        "wJalrXUtnFEMI",
    )  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(cuts=st.sets(st.integers(1, 80)), space=st.sampled_from([" ", "\n", "ü", "你"]))
def test_a_secret_is_hidden_wherever_a_text_is_cut(
    spelling: str, cuts: set[int], space: str
) -> None:
    text = f"before{space}{SPELLINGS[spelling](ASCII_KEY)}{space}behind"
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    veil = Veil([ASCII_KEY])
    shown = [veil.passed(text[a:b]) for a, b in pairwise(edges)]
    assert "".join(shown) + veil.rest() == without_secrets(text, [ASCII_KEY])


def test_what_begins_no_secret_passes_a_veil_at_once() -> None:
    veil = Veil([ASCII_KEY])
    pieces = ["All", " is", " well", "。", "好", " and ends", " well."]
    assert [veil.passed(each) for each in pieces] == pieces
    assert veil.passed("going gs") == "going "
    assert veil.passed("m") == "gsm"
