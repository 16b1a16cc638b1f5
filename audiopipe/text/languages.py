"""The languages that Whisper knows, by ISO 639-1 code (639-3 where there is no shorter one)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from audiopipe.errors import UsageError
from audiopipe.values.flags import MADE_UP
from audiopipe.values.transcript import ChunkTranscript

_TABLE = """
af afrikaans        am amharic          ar arabic           as assamese         az azerbaijani
ba bashkir          be belarusian       bg bulgarian        bn bengali          bo tibetan
br breton           bs bosnian          ca catalan          cs czech            cy welsh
da danish           de german           el greek            en english          es spanish
et estonian         eu basque           fa persian          fi finnish          fo faroese
fr french           gl galician         gu gujarati         ha hausa            haw hawaiian
he hebrew           hi hindi            hr croatian         ht haitian_creole   hu hungarian
hy armenian         id indonesian       is icelandic        it italian          ja japanese
jw javanese         ka georgian         kk kazakh           km khmer            kn kannada
ko korean           la latin            lb luxembourgish    ln lingala          lo lao
lt lithuanian       lv latvian          mg malagasy         mi maori            mk macedonian
ml malayalam        mn mongolian        mr marathi          ms malay            mt maltese
my myanmar          ne nepali           nl dutch            nn nynorsk          no norwegian
oc occitan          pa punjabi          pl polish           ps pashto           pt portuguese
ro romanian         ru russian          sa sanskrit         sd sindhi           si sinhala
sk slovak           sl slovenian        sn shona            so somali           sq albanian
sr serbian          su sundanese        sv swedish          sw swahili          ta tamil
te telugu           tg tajik            th thai             tk turkmen          tl tagalog
tr turkish          tt tatar            uk ukrainian        ur urdu             uz uzbek
vi vietnamese       yi yiddish          yo yoruba           yue cantonese       zh chinese
"""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        code: name.replace("_", " ")
        for code, name in zip(_TABLE.split()[::2], _TABLE.split()[1::2], strict=True)
    }
)
"""Lower-case English name of each code, as OpenAI's transcription API spells it."""


def code_of(name: object) -> str | None:
    """The code in `NAMES` for a code (ISO 639-1, -2 or -3), Whisper's token of it, or an English
    name of any case; else None."""
    if not isinstance(name, str):
        return None
    text = name.strip().lower().removeprefix("<|").removesuffix("|>").replace("_", "-").strip()
    return _CODES.get(text) or _CODES.get(re.split(r"[-\s(,;]", text)[0])


def require_code(name: str | None) -> str | None:
    """The code of a language that a user named; None for None or "".

    Raises:
        UsageError: no language that Whisper knows.
    """
    code = code_of(name)
    if name and code is None:
        raise UsageError(f"no language {name!r}: write a code such as de, or its English name")
    return code


def require_codes(names: str | None) -> str | None:
    """The codes of one or several languages that a user named with commas between, each once and in
    order; None for None or "".

    Raises:
        UsageError: one that Whisper does not know.
    """
    codes = {require_code(name.strip()) for name in (names or "").split(",")}
    return ",".join(sorted(filter(None, codes))) or None


def the_only(codes: str | None) -> str | None:
    """The language, where one alone is named; see `require_codes`."""
    return None if codes and "," in codes else codes


def require_name(language: str) -> None:
    """Refuse what cannot be the name of a language; files are named after it.

    Chat models know more languages than recognisers do, so any name may be one.

    Raises:
        UsageError: it has characters that no such name has.
    """
    if not _NAME.fullmatch(language) or not any(map(str.isalpha, language)):
        raise UsageError(f"{language!r} is no language: write a code such as de, or its name")


_NAME = re.compile(r"[^./\\:*?\"<>|\x00-\x1f\x7f-\x9f][^/\\:*?\"<>|\x00-\x1f\x7f-\x9f]{0,59}")

_THREE_LETTERS = """
af:afr am:amh ar:ara as:asm az:aze ba:bak be:bel bg:bul bn:ben bo:bod bo:tib br:bre bs:bos ca:cat
cs:ces cs:cze cy:cym cy:wel da:dan de:deu de:ger el:ell el:gre en:eng es:spa et:est eu:eus eu:baq
fa:fas fa:per fi:fin fo:fao fr:fra fr:fre gl:glg gu:guj ha:hau he:heb hi:hin hr:hrv ht:hat hu:hun
hy:hye hy:arm id:ind is:isl is:ice it:ita ja:jpn jw:jav ka:kat ka:geo kk:kaz km:khm kn:kan ko:kor
la:lat lb:ltz ln:lin lo:lao lt:lit lv:lav mg:mlg mi:mri mi:mao mk:mkd mk:mac ml:mal mn:mon mr:mar
ms:msa ms:may mt:mlt my:mya my:bur ne:nep nl:nld nl:dut nn:nno no:nor no:nob no:nb oc:oci pa:pan
pl:pol ps:pus pt:por ro:ron ro:rum ru:rus sa:san sd:snd si:sin sk:slk sk:slo sl:slv sn:sna so:som
sq:sqi sq:alb sr:srp su:sun sv:swe sw:swa ta:tam te:tel tg:tgk th:tha tk:tuk tl:tgl tl:fil tr:tur
tt:tat uk:ukr ur:urd uz:uzb vi:vie yi:yid yo:yor zh:zho zh:chi zh:cmn
"""
"""Codes of ISO 639-2, terminologic and bibliographic, and the macrolanguages' usual members."""

_CODES = {code: code for code in NAMES} | {name: code for code, name in NAMES.items()}
_CODES |= dict(pair.split(":")[::-1] for pair in _THREE_LETTERS.split())
_CODES |= {
    "jv": "jw",
    "mandarin": "zh",
    "castilian": "es",
    "valencian": "ca",
    "flemish": "nl",
    "haitian": "ht",
    "burmese": "my",
    "letzeburgesch": "lb",
    "pushto": "ps",
    "panjabi": "pa",
    "moldavian": "ro",
    "moldovan": "ro",
    "sinhalese": "si",
}
"""Second names and codes of the same languages, as OpenAI's Whisper takes them."""


def spoken_languages(transcripts: Iterable[ChunkTranscript]) -> Mapping[str, float]:
    """The share of each language in the speech of a file, the largest first.

    What a flag says is made up counts only where there is nothing else: over silence a recogniser
    guesses the language too.
    """
    spoken_s: defaultdict[str, float] = defaultdict(float)
    made_up_s: defaultdict[str, float] = defaultdict(float)
    for transcript in transcripts:
        made_up = [flag.span for flag in transcript.flags if flag.kind in MADE_UP]
        for segment in transcript.segments:
            if language := segment.language or transcript.language:
                doubtful = any(span.holds(segment.span) for span in made_up)
                counted = made_up_s if doubtful else spoken_s
                counted[language] += segment.span.duration_s
    spoken_s = spoken_s or made_up_s
    total_s = sum(spoken_s.values()) or 1.0
    in_order = sorted(spoken_s, key=spoken_s.__getitem__, reverse=True)
    return {language: spoken_s[language] / total_s for language in in_order}
