"""The rows that say where the work is done."""

from __future__ import annotations

from dataclasses import dataclass

from audiopipe.settings.groups import CLUSTER
from audiopipe.settings.kinds import Number, Share, Text
from audiopipe.settings.server import ServerSettings
from audiopipe.settings.setting import row


@dataclass(frozen=True, slots=True)
class ClusterSettings(ServerSettings):
    """Where the work is done: a part of `Settings`."""

    on: str = row(
        "",
        "--on",
        CLUSTER,
        "Where recordings are worked on: processes, dask (processes of this machine), "
        "dask://HOST:PORT, ray, or a plug-in's engine.",
        unit="ENGINE",
        unset="here",
        is_for_run=True,
    )
    slots: int = row(
        0,
        "--slots",
        CLUSTER,
        "Recordings at once: of all processes that --on begins here, or of this node.",
        commands=(*CLUSTER.commands, "node"),
        kind=Number(is_whole=True, high=100_000),
        unit="N",
        unset="by engine",
        is_for_run=True,
    )
    share: str = row(
        "",
        "--share",
        CLUSTER,
        "Only this share of the inputs, by their names: K/N for node K of N, from 1 on.",
        kind=Share(),
        unit="K/N",
        unset="all",
        is_for_run=True,
    )
    tls_ca: str = row(
        "",
        "--tls-ca",
        CLUSTER,
        "Who signs the certificates of a cluster, as PEM: all its connections go through TLS.",
        commands=(*CLUSTER.commands, "node"),
        kind=Text(is_path=True),
        unit="FILE",
        is_for_run=True,
    )
