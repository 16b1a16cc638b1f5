"""The rows that say who does the work, and what it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from audiopipe.settings.cluster import ClusterSettings
from audiopipe.settings.groups import ASKING, COST, PROVIDER, WRITING
from audiopipe.settings.kinds import Address, Assignment, Listed, Number, Words
from audiopipe.settings.setting import row

Tier = Literal["free", "dev"]

LIMITS = ("rpm", "rpd", "tpm", "tpd", "ash", "asd")
"""Names of the limits of an account: requests and tokens a minute and a day, seconds of audio an
hour and a day."""


@dataclass(frozen=True, slots=True)
class ProviderSettings(ClusterSettings):
    """Who does the work, and what it may take: a part of `Settings`."""

    backend: str = row(
        "auto",
        "--backend",
        PROVIDER,
        "Who does it; auto takes Groq if its key is set, a server if --base-url is, else the "
        "embedded engine.",
        kind=Words(("auto", "groq", "openai", "local", "onnx"), "backends"),
        shapes_results=True,
    )
    base_url: str | None = row(
        None, "--base-url", PROVIDER, "An OpenAI-compatible server.", unit="URL"
    )
    allow: bool = row(
        False,
        "--allow",
        PROVIDER,
        "Let settings files, pipelines and batch.json name paths outside of their folder, and "
        "servers that get your key.",
        commands=(*ASKING, "prepare", "render", "run"),
        is_for_run=True,
    )
    tier: Tier = row(
        "free",
        "--tier",
        PROVIDER,
        "The Groq account's tier, which sets upload size and limits.",
        commands=(*ASKING, "prepare"),
    )
    workers: int = row(
        0,
        "-j --workers",
        PROVIDER,
        "Requests under way at once; 0 leaves it to the backend.",
        unit="N",
        unset="by backend",
    )
    threads: int = row(
        0,
        "--threads",
        PROVIDER,
        "Threads of one decoding of the embedded engine; 0 divides the cores among those at once.",
        commands=(*WRITING, "mcp", "serve"),
        kind=Number(is_whole=True, high=1024),
        unit="N",
        unset="by cores",
    )
    max_wait_s: float = row(
        math.inf,
        "--max-wait",
        PROVIDER,
        "Longest time in which a provider's limit may let nothing through; a longer one stops the "
        "run.",
        kind=Number(is_endless=True),
        unit="SECONDS",
        unset="none",
    )
    timeout_s: float = row(
        0.0,
        "--timeout",
        PROVIDER,
        "What one request may take, answer included; 0 leaves it to what is asked.",
        kind=Number(high=86_400),
        unit="SECONDS",
        unset="300, and 3 more for each second of audio",
    )
    limits: tuple[str, ...] = row(
        (),
        "--limit",
        COST,
        "A limit of your account, such as rpm=20, ash=7200 or asd=none; may be repeated.",
        commands=(*ASKING, "run"),
        kind=Listed(Assignment(LIMITS, "rpm=20", low=0)),
        unit="NAME=N",
        unset="the tier's",
        is_repeated=True,
    )
    max_cost_usd: float = row(
        0.0,
        "--max-cost",
        COST,
        "Stop before costing more.",
        unit="USD",
        unset="none",
        is_for_run=True,
    )
    max_requests: int = row(
        0,
        "--max-requests",
        COST,
        "Stop before sending more.",
        unit="N",
        unset="none",
        is_for_run=True,
    )
    cache: bool = row(
        True, "--cache", COST, "Keep answers and use those of earlier runs.", is_for_run=True
    )
    refresh: bool = row(
        False,
        "--refresh",
        COST,
        "Ask anew for answers that are kept, and replace them.",
        is_for_run=True,
    )
    cache_dir: str = row(
        "",
        "--cache-dir",
        COST,
        "Where answers are kept, and what was used of the limits; answers also in s3://, gs://, az://.",
        commands=(*COST.commands, "cache", "limits"),
        unit="DIR",
        unset="the user's cache",
        is_for_run=True,
    )
    ledger: str = row(
        "",
        "--ledger",
        COST,
        "Where nodes share what was used of the limits: redis://HOST:PORT/N, rediss:// or unix://.",
        commands=(*COST.commands, "limits"),
        kind=Address(("redis://", "rediss://", "unix://")),
        unit="ADDRESS",
        unset="a file beside the answers",
        is_for_run=True,
    )
    run: str = row(
        "",
        "--run",
        COST,
        "What all nodes of a run call it: its bounds on cost and requests hold over all of them.",
        unit="NAME",
        unset="the bounds are this process's",
        is_for_run=True,
    )
