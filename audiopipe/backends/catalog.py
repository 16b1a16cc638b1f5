"""Models as data: task, languages, price, limits, status and successor; and what the tiers allow.

Sources, all of the provider's own pages unless said otherwise. "Guide" is its quickstart and guides
of mid 2025; "today" its pages of August to October 2026.

- prices, languages and free limits of Whisper and of the retired models: guide; Whisper's are the
  same today. Prices of the models that run today: models page of 2026-09-07. Prices of retired
  chat models are left out: nobody will pay them again.
- limits of the developer tier: the column "rate limits (developer plan)" of the models page of
  2026; audio seconds are not stated there and therefore not limited here.
- shutdown dates and successors: deprecations page of September 2026. Where its successor has been
  shut down too, the successor's successor stands here.
- Orpheus's voices and its 200 characters a request: today's speech page. PlayAI's: guide.

A table ages. It advises, prices and plans, but never decides whether a model exists: an unknown id
goes to the server untouched.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal

from audiopipe.limits.rules import Limits

Provider = Literal["groq", "local"]
Status = Literal["production", "preview", "retired", "embedded"]

_log = logging.getLogger("audiopipe")

BATCH_DISCOUNT = 0.5
"""What the batch API costs of the usual price (console.groq.com/docs/batch)."""

MIN_BILLED_S = 10.0
"""Groq bills at least this much audio for each request (guide)."""

MAX_UPLOAD_BYTES = 25_000_000 - 100_000
"""The most audio to attach to one request, at either tier. Groq writes 25 MB and was seen to refuse
above 26,214,400 bytes; this is under both, with room for the other fields of the form."""


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model; None or empty where nobody says.

    Attributes:
        id: full id, as a request carries it.
        provider: who runs it; `local` is the embedded engine.
        tasks: of `transcribe`, `translate`, `chat`, `speak`.
        status: `production`, `preview` (may go at short notice), `retired` or `embedded`.
        limits: requests, tokens and audio seconds that the free tier allows.
        dev_limits: the same of the developer tier.
        languages: `multilingual`, or an ISO 639-1 code.
        price_usd: for an hour of audio, a million tokens read, or a million characters spoken.
        output_price_usd: for a million tokens written.
        context: tokens of prompt and answer together; for speech, characters of one request.
        max_output: most tokens of an answer.
        retired_on: day of the shutdown.
        replacement: id of the model to take instead.
        voices: names that a speech model takes.
    """

    id: str
    provider: Provider
    tasks: tuple[str, ...]
    status: Status
    limits: Limits
    dev_limits: Limits
    languages: str | None = None
    price_usd: float | None = None
    output_price_usd: float | None = None
    context: int | None = None
    max_output: int | None = None
    retired_on: date | None = None
    replacement: str | None = None
    voices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """What an account may send: bytes of audio in a request, and by an address to fetch it from."""

    name: str
    max_upload_bytes: int
    max_url_bytes: int


TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        "free": Tier("free", MAX_UPLOAD_BYTES, 25_000_000),
        "dev": Tier("dev", MAX_UPLOAD_BYTES, 100_000_000),
    }
)
"""Groq's tiers (guide: 25 and 100 MB a file, attachments 25 MB, larger ones by URL)."""

PRICE_UNITS: Mapping[str, str] = MappingProxyType(
    {"transcribe": "hour of audio", "chat": "1M tokens", "speak": "1M characters"}
)
"""What `Model.price_usd` pays for, by the model's first task."""


def find(model_id: str) -> Model | None:
    """The model with this full id; None if the table has none."""
    return _BY_ID.get(model_id)


def resolve(name: str) -> str:
    """Groq's full id of a model; an id that is unknown here is given back untouched.

    Args:
        name: a full id, or one of the short names in `SHORT_NAMES`.

    A retired model is logged as a warning that names its successor.
    """
    model_id = SHORT_NAMES.get(name.lower(), name)
    model = find(model_id)
    if model and model.retired_on:
        advice = f"take {model.replacement}" if model.replacement else "it has no successor"
        _log.warning("the model %s was shut down on %s: %s", model_id, model.retired_on, advice)
    return model_id


def limits_of(model_id: str, tier: str) -> Limits:
    """The limits of a model at a tier, as the table knows them; none for a model it has not."""
    model = find(model_id)
    if model is None:
        return Limits()
    return model.limits if tier == "free" else model.dev_limits


def billed_s(audio_s: float) -> float:
    """Seconds that Groq bills for a request with `audio_s` seconds of audio."""
    return max(MIN_BILLED_S, audio_s)


def cost_usd(model_id: str, seconds: float, *, batched: bool = False) -> float | None:
    """Price of `seconds` billed seconds of audio in USD, by the batch API or not; None where it is
    not known."""
    model = find(model_id)
    if model is None or model.price_usd is None or "transcribe" not in model.tasks:
        return None
    return model.price_usd * seconds / 3600 * (BATCH_DISCOUNT if batched else 1)


def speech_cost_usd(model_id: str, characters: int) -> float | None:
    """Price of so many spoken characters in USD; None where it is not known."""
    model = find(model_id)
    if model is None or model.price_usd is None or "speak" not in model.tasks:
        return None
    return model.price_usd * characters / 1e6


SHORT_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "turbo": "whisper-large-v3-turbo",
        "large-v3-turbo": "whisper-large-v3-turbo",
        "large": "whisper-large-v3",
        "large-v3": "whisper-large-v3",
        "distil-large-v3": "distil-whisper-large-v3-en",
        "orpheus": "canopylabs/orpheus-v1-english",
        "orpheus-arabic": "canopylabs/orpheus-arabic-saudi",
        "gpt-oss-120b": "openai/gpt-oss-120b",
        "gpt-oss-20b": "openai/gpt-oss-20b",
    }
)
"""Names that users know from Whisper's own tools, and Groq's ids for them."""

_RECOGNITION = """
id                          status      tasks                 languages     price_usd  rpm rpd   ash   asd    dev_rpm dev_rpd  retired_on  replacement
whisper-large-v3            production  transcribe,translate  multilingual  0.111      20  2000  7200  28800  300     200000   -           -
whisper-large-v3-turbo      production  transcribe            multilingual  0.04       20  2000  7200  28800  400     200000   -           -
distil-whisper-large-v3-en  retired     transcribe            en            0.02       20  2000  7200  28800  -       -        2025-08-23  whisper-large-v3-turbo
"""  # noqa: E501  a table is read by its columns

_EMBEDDED = """
id       status    tasks                 languages     price_usd
base     embedded  transcribe,translate  multilingual  0
tiny.en  embedded  transcribe            en            0
hibari   embedded  speak                 en            0
"""

_SPEECH = """
id                               status   tasks  languages  price_usd  rpm rpd  tpm   tpd   dev_rpm dev_rpd dev_tpm  context  retired_on  replacement
canopylabs/orpheus-v1-english    preview  speak  en         22         10  100  1200  3600  250     100000  50000    200      -           -
canopylabs/orpheus-arabic-saudi  preview  speak  ar         40         10  100  1200  3600  250     100000  50000    200      -           -
playai-tts                       retired  speak  en         -          10  100  1200  3600  -       -       -        10000    2025-12-31  canopylabs/orpheus-v1-english
playai-tts-arabic                retired  speak  ar         -          10  100  1200  3600  -       -       -        10000    2025-12-31  canopylabs/orpheus-arabic-saudi
"""  # noqa: E501

_CHAT = """
id                                             status      price_usd output_price_usd  rpm rpd    tpm    tpd     dev_rpm dev_rpd dev_tpm  context  max_output  retired_on  replacement
openai/gpt-oss-120b                            production  0.15      0.60              30  1000   8000   200000  1000    500000  250000   131072   65536       -           -
openai/gpt-oss-20b                             production  0.075     0.30              30  1000   8000   200000  1000    500000  250000   131072   65536       -           -
openai/gpt-oss-safeguard-20b                   preview     0.075     0.30              30  1000   8000   200000  1000    500000  150000   131072   65536       -           -
qwen/qwen3.8-27b                               preview     0.80      4.00              30  1000   8000   200000  1000    500000  250000   131072   -           -           -
allam-2-7b                                     preview     -         -                 30  7000   6000   -       -       -       -        4096     -           -           -
meta-llama/llama-prompt-guard-2-22m            preview     0.03      0.03              30  14400  15000  -       100     50000   30000    512      -           -           -
meta-llama/llama-prompt-guard-2-86m            preview     0.04      0.04              30  14400  15000  -       100     50000   30000    512      -           -           -
llama-3.3-70b-versatile                        retired     -         -                 30  1000   12000  100000  -       -       -        131072   32768       2026-08-16  openai/gpt-oss-120b
llama-3.1-8b-instant                           retired     -         -                 30  14400  6000   500000  -       -       -        131072   8192        2026-08-16  openai/gpt-oss-20b
gemma2-9b-it                                   retired     -         -                 30  14400  15000  500000  -       -       -        8192     -           2025-10-08  openai/gpt-oss-20b
llama3-70b-8192                                retired     -         -                 30  14400  6000   500000  -       -       -        8192     -           2025-08-30  openai/gpt-oss-120b
llama3-8b-8192                                 retired     -         -                 30  14400  6000   500000  -       -       -        8192     -           2025-08-30  openai/gpt-oss-20b
llama-guard-3-8b                               retired     -         -                 30  14400  15000  500000  -       -       -        -        -           2025-06-06  openai/gpt-oss-safeguard-20b
meta-llama/llama-guard-4-12b                   retired     -         -                 30  14400  15000  500000  -       -       -        131072   128         2026-03-05  openai/gpt-oss-safeguard-20b
meta-llama/llama-4-maverick-17b-128e-instruct  retired     -         -                 30  1000   6000   -       -       -       -        131072   8192        2026-03-09  openai/gpt-oss-120b
meta-llama/llama-4-scout-17b-16e-instruct      retired     -         -                 30  1000   30000  -       -       -       -        131072   8192        2026-07-17  openai/gpt-oss-120b
deepseek-r1-distill-llama-70b                  retired     -         -                 30  1000   6000   -       -       -       -        131072   -           2025-10-02  openai/gpt-oss-120b
mistral-saba-24b                               retired     -         -                 30  1000   6000   500000  -       -       -        32768    -           2025-07-30  openai/gpt-oss-120b
qwen-qwq-32b                                   retired     -         -                 30  1000   6000   -       -       -       -        131072   -           2025-07-14  openai/gpt-oss-120b
qwen/qwen3.6-27b                               retired     -         -                 30  1000   8000   200000  -       -       -        131072   -           2026-09-14  qwen/qwen3.8-27b
compound-beta                                  retired     -         -                 15  200    70000  -       -       -       -        131072   8192        2026-09-21  -
compound-beta-mini                             retired     -         -                 15  200    70000  -       -       -       -        131072   8192        2026-09-21  -
"""  # noqa: E501

_VOICES = {
    "canopylabs/orpheus-v1-english": "autumn diana hannah austin daniel troy",
    "canopylabs/orpheus-arabic-saudi": "abdullah fahad sultan lulwa noura aisha",
    "playai-tts": (
        "Arista-PlayAI Atlas-PlayAI Basil-PlayAI Briggs-PlayAI Calum-PlayAI Celeste-PlayAI"
        " Cheyenne-PlayAI Chip-PlayAI Cillian-PlayAI Deedee-PlayAI Fritz-PlayAI Gail-PlayAI"
        " Indigo-PlayAI Mamaw-PlayAI Mason-PlayAI Mikail-PlayAI Mitch-PlayAI Quinn-PlayAI"
        " Thunder-PlayAI"
    ),
    "playai-tts-arabic": "Ahmad-PlayAI Amira-PlayAI Khalid-PlayAI Nasser-PlayAI",
    "hibari": "heart emma fable fenrir kore",
}


def _models(table: str, provider: Provider, tasks: str = "") -> Iterator[Model]:
    header, *lines = table.strip().splitlines()
    for line in lines:
        cells = zip(header.split(), line.split(), strict=True)
        row = {"tasks": tasks, **{name: cell for name, cell in cells if cell != "-"}}
        yield _model(row, provider)


def _model(row: dict[str, str], provider: Provider) -> Model:
    def number(name: str) -> float | None:
        return float(row[name]) if name in row else None

    def whole(name: str) -> int | None:
        return int(row[name]) if name in row else None

    return Model(
        id=row["id"],
        provider=provider,
        tasks=tuple(row["tasks"].split(",")),
        status=row["status"],  # type: ignore[arg-type]  # a test reads the column
        languages=row.get("languages"),
        price_usd=number("price_usd"),
        output_price_usd=number("output_price_usd"),
        limits=Limits(*map(number, _LIMITS)),
        dev_limits=Limits(*(number(f"dev_{name}") for name in _LIMITS)),
        context=whole("context"),
        max_output=whole("max_output"),
        retired_on=date.fromisoformat(row["retired_on"]) if "retired_on" in row else None,
        replacement=row.get("replacement"),
        voices=tuple(_VOICES.get(row["id"], "").split()),
    )


_LIMITS = ("rpm", "rpd", "tpm", "tpd", "ash", "asd")

MODELS: tuple[Model, ...] = (
    *_models(_RECOGNITION, "groq"),
    *_models(_EMBEDDED, "local"),
    *_models(_SPEECH, "groq"),
    *_models(_CHAT, "groq", "chat"),
)
"""Every model of the guides and of today, and the embedded ones."""

_BY_ID = {model.id: model for model in MODELS}
