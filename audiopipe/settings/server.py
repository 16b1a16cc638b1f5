"""The rows that say how the gateway serves: where, whom, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audiopipe.settings.groups import CLUSTER, SERVER
from audiopipe.settings.kinds import Listed, Number, Text
from audiopipe.settings.setting import row
from audiopipe.settings.subtitles import SubtitleSettings

Fetch = Literal["public", "any", "none"]


@dataclass(frozen=True, slots=True)
class ServerSettings(SubtitleSettings):
    """How the gateway serves: a part of `Settings`."""

    host: str = row(
        "127.0.0.1",
        "--host",
        SERVER,
        "Address to listen at; any but the loopback needs --api-key-file.",
        unit="ADDRESS",
        is_for_run=True,
    )
    port: int = row(
        8765,
        "--port",
        SERVER,
        "Port to listen at; 0 takes a free one.",
        kind=Number(is_whole=True, high=65_535),
        unit="N",
        is_for_run=True,
    )
    api_key_file: str = row(
        "",
        "--api-key-file",
        SERVER,
        "Who may ask: names, hashed keys, scopes and daily caps; --new-key adds one.",
        kind=Text(is_path=True),
        unit="FILE",
        is_for_run=True,
    )
    cors_origins: tuple[str, ...] = row(
        (),
        "--cors-origin",
        SERVER,
        "A web page's origin that may ask, such as app://obsidian.md; may be repeated.",
        kind=Listed(Text()),
        unit="ORIGIN",
        is_repeated=True,
        is_for_run=True,
    )
    tls_cert: str = row(
        "",
        "--tls-cert",
        SERVER,
        "Certificate chain, as PEM: serve https; of a cluster with --tls-ca, this machine's.",
        commands=(*SERVER.commands, *CLUSTER.commands, "node"),
        kind=Text(is_path=True),
        unit="FILE",
        is_for_run=True,
    )
    tls_key: str = row(
        "",
        "--tls-key",
        SERVER,
        "Its private key, if it is not in the same file.",
        commands=(*SERVER.commands, *CLUSTER.commands, "node"),
        kind=Text(is_path=True),
        unit="FILE",
        is_for_run=True,
    )
    state_dir: str = row(
        "",
        "--state-dir",
        SERVER,
        "Where uploads and jobs are kept.",
        kind=Text(is_path=True),
        unit="DIR",
        unset="the user's state folder",
        is_for_run=True,
    )
    max_upload_mb: float = row(
        4096.0,
        "--max-upload",
        SERVER,
        "Largest upload.",
        kind=Number(is_above=True),
        unit="MB",
        is_for_run=True,
    )
    review_dir: str = row(
        "",
        "--review-dir",
        SERVER,
        "A folder of transcripts that /review/ shows besides the jobs, to every key for jobs.",
        kind=Text(is_path=True),
        unit="DIR",
        is_for_run=True,
    )
    max_disk_mb: float = row(
        20_480.0,
        "--max-disk",
        SERVER,
        "What all uploads together may take on disk.",
        kind=Number(is_above=True),
        unit="MB",
        is_for_run=True,
    )
    upload_pause_s: float = row(
        60.0,
        "--upload-pause",
        SERVER,
        "Longest pause in an upload.",
        kind=Number(is_above=True),
        unit="SECONDS",
        is_for_run=True,
    )
    max_job_s: float = row(
        0.0,
        "--max-job-time",
        SERVER,
        "Longest time that one recording may be worked on.",
        unit="SECONDS",
        unset="none",
        is_for_run=True,
    )
    max_queue: int = row(
        500,
        "--max-queue",
        SERVER,
        "Recordings of one client that may wait; more are refused with 429.",
        kind=Number(is_whole=True, low=1),
        unit="N",
        is_for_run=True,
    )
    max_jobs: int = row(
        10_000,
        "--max-jobs",
        SERVER,
        "Jobs of all clients that may wait, or whose results are kept.",
        kind=Number(is_whole=True, low=1),
        unit="N",
        is_for_run=True,
    )
    at_once: int = row(
        8,
        "--at-once",
        SERVER,
        "Recordings worked on at once; a client with none under way gets a place beside them.",
        kind=Number(is_whole=True, low=1, high=256),
        unit="N",
        is_for_run=True,
    )
    hold_s: float = row(
        20.0,
        "--hold",
        SERVER,
        "How long a reply is held back, so that errors have their own status; then it begins with "
        "spaces that keep the connection alive.",
        unit="SECONDS",
        is_for_run=True,
    )
    keep_results_s: float = row(
        86_400.0,
        "--keep-results",
        SERVER,
        "How long the result of a job is kept.",
        unit="SECONDS",
        is_for_run=True,
    )
    grace_s: float = row(
        30.0,
        "--grace",
        SERVER,
        "How long a server that is told to stop lets requests end; jobs go on after its restart.",
        kind=Number(high=86_400),
        unit="SECONDS",
        is_for_run=True,
    )
    fetch: Fetch = row(
        "public",
        "--fetch",
        SERVER,
        "Addresses that clients may have fetched or called back: those of the internet, any, none.",
        is_for_run=True,
    )
    webhook_secret_file: str = row(
        "",
        "--webhook-secret-file",
        SERVER,
        "The secret that signs webhooks, as whsec_...; without it there are none.",
        kind=Text(is_path=True),
        unit="FILE",
        is_for_run=True,
    )
