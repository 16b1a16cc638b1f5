"""All settings: defaults < TOML file < environment < flags."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from audiopipe.errors import UsageError
from audiopipe.values.audio import AudioFormat, Task

ENVIRONMENT_PREFIX = "AUDIOPIPE_"

ANSWERS, LEDGER = "answers.sqlite3", "budget.sqlite3"
"""Names of the files in `cache_folder`."""

BackendName = Literal["auto", "groq", "openai", "local"]
Tier = Literal["free", "dev"]
Channels = Literal["mix", "left", "right", "split"]
S = TypeVar("S", bound="SubtitleSettings")


@dataclass(frozen=True, slots=True)
class SubtitleSettings:
    """How subtitles are broken and timed.

    Line count, durations and gap are those of Netflix's Timed Text Style Guide, General
    Requirements; line width and reading speed those of its English template for adults.

    Attributes:
        max_line_width: columns; wide East Asian characters take two. A longer word stays whole.
        max_line_count: lines on the screen at once.
        max_cue_duration_s: longest time that a subtitle stands.
        min_cue_duration_s: shortest time, at least a millisecond.
        min_gap_s: empty screen between two subtitles; two frames of film.
        reading_speed_cps: columns a second that a reader takes in: a subtitle is held into the
            silence after it until it has been read.
    """

    max_line_width: int = 42
    max_line_count: int = 2
    max_cue_duration_s: float = 7.0
    min_cue_duration_s: float = 5 / 6
    min_gap_s: float = 2 / 24
    reading_speed_cps: float = 17.0

    def __post_init__(self) -> None:
        if min(self.max_line_width, self.max_line_count) < 1:
            raise UsageError("a subtitle needs at least one line of at least one column")
        if not 0.001 <= self.min_cue_duration_s <= self.max_cue_duration_s < math.inf:
            raise UsageError(
                "the shortest duration of a subtitle must be 0.001 s or more, and the longest not "
                f"below it: not {self.min_cue_duration_s:.3g} s and {self.max_cue_duration_s:.3g} s"
            )
        if not 0 <= self.min_gap_s < math.inf:
            raise UsageError("the gap between subtitles must be 0 s or more")
        if not self.reading_speed_cps > 0:
            raise UsageError("the reading speed must be above 0 columns a second")


@dataclass(frozen=True, slots=True)
class Settings(SubtitleSettings):
    """Everything a run can be told, subtitles included; the defaults stand here and nowhere else.

    Attributes:
        backend: who recognises; `auto` takes Groq if its key is set, a server if `base_url` is,
            else the embedded engine.
        base_url: address of an OpenAI-compatible server.
        task: `transcribe`, or `translate` into English.
        model: full id or short name; "" is the backend's default for the task.
        language: ISO 639-1 code or English name of what is spoken; None lets the model guess.
        prompt: context or spellings for the model.
        glossary: a file of terms for the prompt and of replacements in the result; see
            `glossary.read_glossary`.
        condition_on_previous_text: whether each chunk is asked with the words before it in its
            prompt; the chunks of a recording then wait for one another.
        temperature: 0 to 1.
        word_timestamps: whether each word gets its own times.
        tier: the account's tier, which sets upload size and limits.
        by_url: whether URLs are handed to the provider instead of being downloaded.
        chunk_length_s: longest chunk in seconds, overlaps included.
        overlap_s: seconds that neighbouring chunks share.
        workers: requests under way at once; 0 leaves it to the backend.
        upload_format: how chunks are encoded: `flac`, `wav` (least delay) or `opus` (slow lines).
        channels: `mix` all, take `left` or `right`, or `split`: each by itself, as a speaker.
        track: which audio track of a file, counted from 1; 0 is the first, with a note.
        voice: who speaks; "" is the model's first voice.
        pause_s: silence between two spoken paragraphs; others are in proportion.
        skip_silence_s: silence longer than this is left out of what is sent; 0 keeps all.
        max_wait_s: longest time in which a provider's limit may let nothing through; a longer one
            stops the run, resumable.
        limits: limits of the account in place of the table's, each like `rpm=20` or `ash=none`.
        max_cost_usd: what a run may cost in USD; 0 sets no bound.
        max_requests: requests that a run may send; 0 sets no bound.
        cache: whether answers are kept, and those of earlier runs used.
        cache_dir: where answers and the budget's ledger are kept; "" is the user's cache.
        max_duration_s: longer inputs are refused; 0 refuses none.
        output_dir: where results go.
        output_formats: names of renderers.
        overwrite: whether inputs whose outputs exist are done again.
        voice_check: whether a detector listens where somebody speaks, for the flags that need it.
        flag_limits: thresholds of the flags in place of the model's, each like
            `min-avg-logprob=-0.8` or `max-repeats=none`.
        drop: kinds of flags whose text is struck; none by default.
        repair: whether flagged passages are asked about again, and the better answer stands.
        max_repairs: requests that repair may send for one chunk.
        max_repair_cost_usd: what repairs may cost in a run; 0 sets no bound of their own.
        denoise: whether repair may try a passage with its noise reduced.
    """

    backend: BackendName = "auto"
    base_url: str | None = None
    task: Task = "transcribe"
    model: str = ""
    language: str | None = None
    prompt: str | None = None
    glossary: str = ""
    condition_on_previous_text: bool = False
    temperature: float = 0.0
    word_timestamps: bool = True
    tier: Tier = "free"
    by_url: bool = False
    chunk_length_s: float = 600.0
    overlap_s: float = 10.0
    workers: int = 0
    upload_format: AudioFormat = "flac"
    channels: Channels = "mix"
    track: int = 0
    voice: str = ""
    pause_s: float = 0.7
    skip_silence_s: float = 0.0
    max_wait_s: float = math.inf
    limits: tuple[str, ...] = ()
    max_cost_usd: float = 0.0
    max_requests: int = 0
    cache: bool = True
    cache_dir: str = ""
    max_duration_s: float = 0.0
    output_dir: str = "."
    output_formats: tuple[str, ...] = ("txt", "srt", "vtt", "json")
    overwrite: bool = False
    voice_check: bool = True
    flag_limits: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    repair: bool = False
    max_repairs: int = 12
    max_repair_cost_usd: float = 0.0
    denoise: bool = False

    def __post_init__(self) -> None:
        SubtitleSettings.__post_init__(self)  # without arguments super finds no class with slots
        if self.overlap_s < 0 or self.chunk_length_s <= 2 * self.overlap_s:
            raise UsageError(
                f"--chunk-length {self.chunk_length_s:g} must be more than twice "
                f"--overlap {self.overlap_s:g}, which must not be negative"
            )
        for flag, value in (
            ("--workers", self.workers),
            ("--pause", self.pause_s),
            ("--max-wait", self.max_wait_s),
            ("--max-cost", self.max_cost_usd),
            ("--max-requests", self.max_requests),
            ("--max-repairs", self.max_repairs),
            ("--max-repair-cost", self.max_repair_cost_usd),
        ):
            if not value >= 0:
                raise UsageError(f"{flag} {value:g} must not be negative")


def cache_folder(settings: Settings, environment: Mapping[str, str]) -> Path:
    """The folder of the answers and of the budget's ledger; nothing is made."""
    import platformdirs

    named = settings.cache_dir or environment.get(f"{ENVIRONMENT_PREFIX}CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("audiopipe")


def load(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Path | None = None,
    table: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from all their sources, the stronger over the weaker.

    Args:
        flags: values by the names of `Settings`; None means not given.
        environment: `AUDIOPIPE_MODEL` and so on, one for each setting.
        file: a TOML file with the same names as keys; None for none.
        table: what of it is to be taken; None for all, and for what stands there.

    Raises:
        UsageError: an unknown name, or a value of the wrong kind.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    if table is None:
        table = read_toml(file) if file else {}
    filed = {name: convert(name, value, f"{file}: {name}") for name, value in table.items()}
    return change(Settings(), {**filed, **dict(_from_environment(environment)), **given})


def read_toml(file: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"cannot read the settings in {file}: {error}") from error


def change(settings: S, changes: Mapping[str, Any]) -> S:
    """`settings` with some replaced.

    Raises:
        UsageError: a name that no setting has.
    """
    known = [field.name for field in fields(settings)]
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"there is no setting named {name}{hint}")
    return replace(settings, **changes)


def convert(name: str, value: Any, place: str) -> Any:
    """A value, text or TOML, as the kind that the default of the setting has.

    Args:
        name: of the setting.
        value: what was given.
        place: where, for messages.

    Raises:
        UsageError: it is of another kind.
    """
    default = getattr(Settings(), name, None)
    try:
        if isinstance(default, bool):
            return value if isinstance(value, bool) else _BOOLEANS[value.lower()]
        if isinstance(default, tuple):
            return tuple(value.split(",") if isinstance(value, str) else value)
        return value if default is None else type(default)(value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{place} cannot be {value!r}") from error


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for field in fields(Settings):
        variable = ENVIRONMENT_PREFIX + field.name.upper()
        if text := environment.get(variable):
            yield field.name, convert(field.name, text, variable)


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
