"""All settings: one table, from which flags, variables, keys of files, checks and help come.

To add a setting, add a row to `Settings` in `table`, or to its parts in `provider` and `subtitles`:
name, type and default, flag, group and a sentence of help. Commands, stages of pipelines, the
environment, files and the help then have it.
"""

from audiopipe.settings.bounds import check_inside, check_reach
from audiopipe.settings.groups import GROUPS
from audiopipe.settings.provider import Tier
from audiopipe.settings.setting import ENVIRONMENT_PREFIX, Group, Setting
from audiopipe.settings.sources import (
    ANSWERS,
    LEDGER,
    answers_of,
    cache_folder,
    change,
    convert,
    find,
    is_elsewhere,
    ledger_of,
    load,
    read_toml,
)
from audiopipe.settings.subtitles import SubtitleSettings
from audiopipe.settings.table import (
    FORMATS,
    Channels,
    Settings,
    UploadFormat,
    table,
)

__all__ = [
    "ANSWERS",
    "ENVIRONMENT_PREFIX",
    "FORMATS",
    "GROUPS",
    "LEDGER",
    "Channels",
    "Group",
    "Setting",
    "Settings",
    "SubtitleSettings",
    "Tier",
    "UploadFormat",
    "answers_of",
    "cache_folder",
    "change",
    "check_inside",
    "check_reach",
    "convert",
    "find",
    "is_elsewhere",
    "ledger_of",
    "load",
    "read_toml",
    "table",
]
