"""Keys and passwords taken out of a text, however it spells them.

The second line of defence: whoever makes a message leaves secrets out of it, and what leaves the
program (stderr, stdout, files) goes through here all the same.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote, urlsplit

HIDDEN = "***"

_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(_ID)?$", re.IGNORECASE)
"""Variables of the environment whose values are secrets."""

_LEAST, _SURE = 8, 12
"""Characters of a secret: the shorter ones need a digit. Servers on one's own machine are given
words for keys, such as EMPTY, ollama or lm-studio, and those must stay in a transcript."""

_PLAIN_BASE64 = str.maketrans("-_", "+/")
_BASE64_END = re.compile(r"[+/0-9A-Za-z]?=*")
_CUT_ESCAPE = re.compile(r"\\+(u\{?[0-9a-f]*|x[0-9a-f]*)?|&\#?x?[0-9a-z]*|%(25)*[0-9a-f]?", re.I)
_LONGEST_SPELLING = 10
"""Characters of an escape that stands for one, such as `\\\\u{0041}`."""

_PATTERNS = (
    # user and password of an address
    (re.compile(r"""(?<=://)[^\s/?#"'<>]+@"""), f"{HIDDEN}@"),
    # its query, where that carries a key or a signature
    (
        re.compile(
            r"((?:key|token|signature|sig|secret|password|credential)=)[^\s&#\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # a header
    (re.compile(r"(authorization\W{1,4}(?:\w+ )?)[^\s\"',;]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(bearer )(?=\S*\d)[\w.~+/=-]{16,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # keys that tell by their beginning what they are
    (re.compile(r"\b(?:gsk_|sk[-_]|hf_|xai-|gh[ps]_|AKIA|ASIA|AIza)[\w-]{16,}"), HIDDEN),
)


def secrets_of(environment: Mapping[str, str], arguments: Iterable[str] = ()) -> tuple[str, ...]:
    """All secrets that the process was given.

    Args:
        environment: its keys, by their names, and the passwords of addresses (proxies, servers).
        arguments: of the command line, which may be addresses with passwords too.
    """
    found = {value.strip() for name, value in environment.items() if _NAMES.search(name)}
    for text in (*environment.values(), *arguments):
        if "@" in text:
            found.update(_passwords(text))
    return tuple(sorted(filter(_is_secret, found)))


def without_secrets(text: str, secrets: Collection[str]) -> str:
    """The text with `***` for each of the secrets.

    They are found as they are, and as JSON, addresses (percent-encoding), HTML, hexadecimal digits
    and base64 spell them; in base64 also where they are a part of what is encoded, as in the
    header of a proxy's password.
    """
    return _spellings(tuple(secrets)).sub(HIDDEN, text) if secrets else text


class Veil:
    """A text that comes in pieces, without the secrets, wherever it is cut.

    What may be the beginning of a secret is held back until more is known.

    Args:
        secrets: what must not be shown.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = tuple(secrets)
        self._most = max(map(len, self._secrets), default=0) * _LONGEST_SPELLING
        self._spelled = [list(map(_longest, each)) for each in self._secrets]
        self._encoded = [each for secret in self._secrets for each in _encodings(secret)]
        self._held = ""

    def passed(self, piece: str) -> str:
        """What may be shown by now."""
        if not self._secrets:
            return piece
        text = self._held + piece
        begun = range(max(0, len(text) - self._most), len(text))
        at = next((n for n in begun if self._may_begin(text[n:])), len(text))
        self._held = text[at:]
        return without_secrets(text[:at], self._secrets)

    def rest(self) -> str:
        """What was held back, once no piece follows."""
        held, self._held = self._held, ""
        return without_secrets(held, self._secrets)

    def _may_begin(self, tail: str) -> bool:
        """Whether a secret is spelled up to here, and may be spelled on."""
        if any(_goes_on(characters, tail) for characters in self._spelled):
            return True
        plain = tail.translate(_PLAIN_BASE64)
        for encoded in self._encoded:
            if encoded.startswith(plain) or encoded.lower().startswith(tail.lower()):
                return True
            if plain.startswith(encoded) and _BASE64_END.fullmatch(plain, len(encoded)):
                return True
        return False


def without_all_secrets(text: str, secrets: Collection[str]) -> str:
    """As `without_secrets`, and without all that looks like a secret too: for messages, not for
    what somebody has said."""
    text = without_secrets(text, secrets)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _is_secret(value: str) -> bool:
    return len(value) >= _SURE or (len(value) >= _LEAST and any(map(str.isdigit, value)))


def _passwords(text: str) -> Iterator[str]:
    for address in text.split():
        try:
            password = urlsplit(address).password
        except ValueError:
            continue
        if password:
            yield password
            yield unquote(password)


@lru_cache(maxsize=8)
def _spellings(secrets: tuple[str, ...]) -> re.Pattern[str]:
    """All spellings of the secrets, the longest secret first: one may be a part of another."""
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join(each for secret in longest_first for each in _each(secret)))


def _each(secret: str) -> Iterator[str]:
    yield "".join(map(_character, secret))
    digits, *encoded = _encodings(secret)
    yield f"(?i:{digits})"
    for inner in encoded:
        yield re.escape(inner).replace(r"\+", r"[+-]").replace("/", r"[/_]") + "[-+/_0-9A-Za-z]?=*"


def _encodings(secret: str) -> Iterator[str]:
    """Hexadecimal digits, and base64 behind none, one or two bytes."""
    data = secret.encode("utf-8", "surrogateescape")
    yield data.hex()
    for before in range(3):
        # the characters at both ends hold bits of what stands beside the secret
        encoded = base64.b64encode(bytes(before) + data).decode()
        yield encoded[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]


def _goes_on(characters: list[re.Pattern[str]], tail: str) -> bool:
    """Whether a text spells the beginning of a secret, to its end."""
    at = 0
    for character in characters:
        found = character.match(tail, at)
        if not found:
            return at == len(tail) or _CUT_ESCAPE.fullmatch(tail, at) is not None
        at = found.end()
    return at == len(tail)


def _character(character: str) -> str:
    """A character, or an escape that stands for it: alone, or escaped twice."""
    return f"(?:{re.escape(character)}|{_escapes(character)})"


def _longest(character: str) -> re.Pattern[str]:
    """The same, what is longer before what is shorter."""
    return re.compile(f"{_escapes(character)}|{re.escape(character)}")


def _escapes(character: str) -> str:
    """Escapes that stand for a character: none longer than escaping four times makes them, so that
    no text is searched longer than its length allows."""
    plain, code = re.escape(character), ord(character)
    encoded, in_html = character.encode("utf-8", "replace"), html.escape(character)
    escapes = [
        rf"\\{{1,16}}{plain}",
        rf"\\{{1,16}}(?:u{{?0{{0,8}}|x){code:x}}}?",
        rf"&\#(?:x0{{0,8}}{code:x}|0{{0,8}}{code});",
        "".join(f"%(?:25){{0,4}}{byte:02x}" for byte in encoded),
    ]
    if in_html != character:  # two ways to match the same would be tried in 2^n combinations
        escapes.append(re.escape(in_html))
    return f"(?i:{'|'.join(escapes)})"
