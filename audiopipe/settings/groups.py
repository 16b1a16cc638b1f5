"""The groups of settings, and which commands take them."""

from __future__ import annotations

from audiopipe.settings.setting import Group

HEARING = ("transcribe", "translate", "plan", "roundtrip")
WRITING = ("transcribe", "translate", "roundtrip")
FINDING = (*HEARING, "prepare", "run")
ASKING = (*HEARING, "speak", "ask", "chat")

INPUT = Group("Input", (*HEARING, "prepare"))
OUTPUT = Group("Output", (*WRITING, "run", "prepare", "render"))
RECOGNITION = Group("Recognition", HEARING, shapes_results=True)
VOICE = Group("Voice", ("speak", "roundtrip"))
PROVIDER = Group("Provider", ASKING, names_variables=True)
COST = Group("Limits and cost", (*ASKING, "run"))
CUTTING = Group("Cutting", (*HEARING, "prepare"), shapes_results=True)
TRUST = Group("Trust", WRITING, shapes_results=True)
REPAIR = Group("Repair", WRITING, shapes_results=True)
SUBTITLES = Group("Subtitles", ("transcribe", "translate", "render", "ask"), shapes_results=True)
GROUPS = (
    INPUT,
    OUTPUT,
    RECOGNITION,
    VOICE,
    PROVIDER,
    COST,
    CUTTING,
    TRUST,
    REPAIR,
    SUBTITLES,
)
"""In the order of the help."""
