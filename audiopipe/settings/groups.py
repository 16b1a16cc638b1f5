"""The groups of settings, and which commands take them."""

from __future__ import annotations

from audiopipe.settings.setting import Group

HEARING = ("transcribe", "translate", "watch", "plan", "roundtrip", "mcp", "serve")
WRITING = ("transcribe", "translate", "watch", "roundtrip")
FINDING = ("transcribe", "translate", "watch", "plan", "roundtrip", "prepare", "run")
ASKING = (*HEARING, "align", "speak", "ask", "chat")

INPUT = Group("Input", (*HEARING, "prepare", "align"))
OUTPUT = Group("Output", (*WRITING, "mcp", "run", "prepare", "render", "align"))
RECOGNITION = Group("Recognition", (*HEARING, "align"), shapes_results=True)
VOICE = Group("Voice", ("speak", "roundtrip", "mcp", "serve"))
PROVIDER = Group("Provider", (*ASKING, "models"), names_variables=True)
COST = Group("Limits and cost", (*ASKING, "run"))
CUTTING = Group("Cutting", (*HEARING, "prepare", "align"), shapes_results=True)
TRUST = Group("Trust", (*WRITING, "mcp", "serve"), shapes_results=True)
SPEAKERS = Group(
    "Speakers", ("transcribe", "translate", "watch", "mcp", "serve"), shapes_results=True
)
REPAIR = Group("Repair", (*WRITING, "mcp", "serve"), shapes_results=True)
SUBTITLES = Group(
    "Subtitles",
    (
        "transcribe",
        "translate",
        "watch",
        "align",
        "render",
        "ask",
        "check",
        "review",
        "mcp",
        "serve",
    ),
    shapes_results=True,
)
CLUSTER = Group("Cluster", WRITING[:2], names_variables=True)
SERVER = Group("Server", ("serve",))
GROUPS = (
    INPUT,
    OUTPUT,
    RECOGNITION,
    VOICE,
    PROVIDER,
    COST,
    CUTTING,
    TRUST,
    SPEAKERS,
    REPAIR,
    SUBTITLES,
    CLUSTER,
    SERVER,
)
"""In the order of the help."""
