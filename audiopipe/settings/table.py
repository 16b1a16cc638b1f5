"""The table of settings: each is a row, and a row is all that it takes to add one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audiopipe.settings.groups import (
    CUTTING,
    FINDING,
    GROUPS,
    HEARING,
    INPUT,
    OUTPUT,
    RECOGNITION,
    REPAIR,
    TRUST,
    VOICE,
)
from audiopipe.settings.kinds import Assignment, Listed, Number, Text, Words
from audiopipe.settings.setting import Setting, row, rows
from audiopipe.settings.speakers import SpeakerSettings
from audiopipe.values.audio import Task
from audiopipe.values.flags import KINDS

Channels = Literal["auto", "mix", "left", "right", "split"]
UploadFormat = Literal["flac", "wav", "opus"]

GENERAL = ("txt", "json", "verbose_json", "srt", "vtt", "tsv", "lrc", "csv", "md")
"""What `all` stands for: the other formats are for certain programs, and some need libraries."""
FORMATS = (*GENERAL, "ass", "ttml", "ebu-tt-d", "edl", "fcpxml", "otio", "docx", "rttm")
"""Names of the renderers."""
FLAG_LIMITS = tuple(
    (
        "min-avg-logprob max-no-speech-prob max-compression-ratio max-repeats max-syllables-per-s "
        "min-syllables-per-s min-rated-syllables min-rated-s min-segment-s max-segment-s "
        "min-voice-share max-untranscribed-s max-prompt-words max-stock-signs max-other-script "
        "min-language-share"
    ).split()
)
"""Names of the thresholds of the flags."""


@dataclass(frozen=True, slots=True)
class Settings(SpeakerSettings):
    """Everything a run can be told; the defaults stand in the rows and nowhere else.

    See `table` for what each setting may be.

    Raises:
        UsageError: a value that is not allowed, or values that cannot go together.
    """

    task: Task = row(
        "transcribe",
        "--task",
        RECOGNITION,
        "What to do; translate is into English.",
        commands=("transcribe", "watch", "plan", "roundtrip"),
        is_for_run=True,
    )
    model: str = row(
        "",
        "-m --model",
        RECOGNITION,
        "Full id, short name (turbo, large-v3, base, tiny.en; orpheus, hibari to speak) or folder.",
        commands=(*HEARING, "align", "speak"),
        unit="NAME",
        unset="the backend's best price for the task",
    )
    language: str | None = row(
        None,
        "-l --language",
        RECOGNITION,
        "What is spoken, as code or English name; guessed if left out, or among several: en,de,nl.",
        commands=(*HEARING, "align", "speak"),
        unit="LANG",
    )
    prompt: str | None = row(
        None,
        "--prompt --initial-prompt",
        RECOGNITION,
        "Context or spellings for the model.",
        unit="TEXT",
    )
    glossary: str = row(
        "",
        "--glossary",
        RECOGNITION,
        "Terms for the prompt, one a line, and replacements: heard => written.",
        kind=Text(is_path=True),
        unit="FILE",
    )
    condition_on_previous_text: bool = row(
        False,
        "--condition-on-previous-text",
        RECOGNITION,
        "Ask for each chunk with the words before it in its prompt; the chunks of a recording then "
        "wait for one another.",
    )
    temperature: float = row(
        0.0,
        "--temperature",
        RECOGNITION,
        "Decoding temperature.",
        kind=Number(high=1),
        unit="0..1",
    )
    word_timestamps: bool = row(True, "--word-timestamps", RECOGNITION, "Time each word.")
    since: str = row(
        "",
        "--since",
        INPUT,
        "Leave out files not changed since: a date, or how long ago, such as 36h or 7d.",
        commands=FINDING,
        unit="DATE|DURATION",
        is_for_run=True,
    )
    match: str = row(
        "",
        "--match",
        INPUT,
        "Take only files whose names, or paths below the folder, fit; may be repeated (elsewhere: "
        "a pattern a line).",
        commands=FINDING,
        unit="GLOB",
        unset="all",
        is_repeated=True,
        is_for_run=True,
    )
    exclude: str = row(
        "",
        "--exclude",
        INPUT,
        "Leave out files whose names, or paths below the folder, fit; may be repeated.",
        commands=FINDING,
        unit="GLOB",
        is_repeated=True,
        is_for_run=True,
    )
    by_url: bool = row(
        False,
        "--by-url",
        INPUT,
        "Hand URLs to the provider instead of downloading them.",
        commands=("transcribe", "translate", "plan"),
    )
    batch: bool = row(
        False,
        "--batch",
        INPUT,
        "Hand URLs to the provider's batch API: half the price, within days; the same command "
        "collects what is ready.",
        commands=("transcribe", "translate", "plan"),
        is_for_run=True,
    )
    chunk_length_s: float = row(
        600.0,
        "--chunk-length",
        CUTTING,
        "Longest chunk, overlaps included.",
        kind=Number(is_above=True),
        unit="SECONDS",
    )
    overlap_s: float = row(
        10.0,
        "--overlap",
        CUTTING,
        "What neighbouring chunks share; with the embedded engine nothing.",
        unit="SECONDS",
    )
    upload_format: UploadFormat = row(
        "flac",
        "--upload-format",
        CUTTING,
        "How chunks are encoded; wav has the least delay, opus is for slow lines.",
    )
    channels: Channels = row(
        "auto",
        "--channels",
        INPUT,
        "Mix all but what is silent or cancels (auto), or plainly all; take one, or each by itself "
        "as a speaker.",
        shapes_results=True,
    )
    track: int = row(
        0,
        "--track",
        INPUT,
        "Which audio track of a file with several, from 1 on; 0 is the first, with a note.",
        unit="N",
        unset="the first",
        shapes_results=True,
    )
    voice: str = row(
        "", "--voice", VOICE, "Who speaks.", unit="NAME", unset="the model's first voice"
    )
    pause_s: float = row(
        0.7,
        "--pause",
        VOICE,
        "Silence between paragraphs; others are in proportion.",
        kind=Number(high=60),
        unit="SECONDS",
    )
    turn_pause_s: float = row(
        0.35,
        "--turn-pause",
        VOICE,
        "Silence between the turns of two speakers.",
        kind=Number(high=60),
        unit="SECONDS",
    )
    speed: float = row(
        1.0,
        "--speed",
        VOICE,
        "How fast, where 1 is the voice's own; its pitch stays.",
        kind=Number(low=0.25, high=4),
        unit="N",
    )
    skip_silence_s: float = row(
        0.0,
        "--skip-silence",
        CUTTING,
        "Leave silence longer than this out of what is sent; 0 keeps all.",
        unit="SECONDS",
        unset="off; alone: 2",
        alone=2.0,
    )
    max_duration_s: float = row(
        0.0, "--max-duration", INPUT, "Refuse longer inputs.", unit="SECONDS", unset="none"
    )
    output_dir: str = row(
        ".",
        "-o --output-dir",
        OUTPUT,
        "Where results go; - writes one format to stdout.",
        unit="DIR",
        is_for_run=True,
    )
    output_formats: tuple[str, ...] = row(
        ("txt", "srt", "vtt", "json"),
        "-f --output-format",
        OUTPUT,
        f"Comma list of {', '.join(FORMATS)}, or all, which is those up to md.",
        commands=("transcribe", "translate", "watch", "render", "align"),
        kind=Listed(Words(FORMATS, "renderers"), whole=GENERAL),
        unit="LIST",
        shapes_results=True,
    )
    overwrite: bool = row(
        False,
        "--overwrite",
        OUTPUT,
        "Do inputs again whose results exist.",
        commands=("transcribe", "translate", "plan", "run"),
        is_for_run=True,
    )
    voice_check: bool = row(
        True,
        "--voice-check",
        TRUST,
        "Listen where somebody speaks, to flag text without speech and speech without text.",
    )
    flag_limits: tuple[str, ...] = row(
        (),
        "--flag-limit",
        TRUST,
        "A limit of the flags, such as min-avg-logprob=-0.8 or max-repeats=none; may be repeated.",
        kind=Listed(Assignment(FLAG_LIMITS, "max-repeats=4")),
        unit="NAME=N",
        unset="the model's",
        is_repeated=True,
    )
    drop: tuple[str, ...] = row(
        (),
        "--drop",
        TRUST,
        "Strike the text under flags of these kinds, such as likely-no-speech,text-without-speech.",
        kind=Listed(Words(KINDS, "checks")),
        unit="LIST",
    )
    repair: bool | None = row(
        None,
        "--repair",
        REPAIR,
        "Ask again about flagged passages, cut and asked otherwise, and keep the better answer.",
        unset="yes for the embedded engine, which costs nothing",
        shapes_results=True,
    )
    max_repairs: int = row(
        12, "--max-repairs", REPAIR, "Requests that repair may send for a chunk.", unit="N"
    )
    max_repair_cost_usd: float = row(
        0.0,
        "--max-repair-cost",
        REPAIR,
        "What repairs may cost in a run; the rest goes on.",
        unit="USD",
        unset="no bound",
    )
    denoise: bool = row(
        False, "--denoise", REPAIR, "Let repair try a passage with its noise reduced."
    )


def table(command: str | None = None) -> tuple[Setting, ...]:
    """The settings that a command takes, or all of them; group by group."""
    taken = [
        each for each in rows(Settings).values() if command is None or command in each.commands
    ]
    return tuple(sorted(taken, key=lambda each: GROUPS.index(each.group)))
