"""Files of data that name more than they may: settings, pipelines, records of batches."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.fixtures import RECORDINGS
from support.server import KEY, Server

from audiopipe.errors import UsageError
from audiopipe.settings import check_inside, load
from audiopipe.text.languages import require_name
from audiopipe.workflows.batch import NAME
from audiopipe.workflows.recipe import read

Run = Callable[..., "CompletedProcess[str]"]

KEYS = {"GROQ_API_KEY": KEY, "OPENAI_API_KEY": "sk-0123456789"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that somebody has handed on, with the working directory elsewhere."""
    (tmp_path / "private.txt").write_text("PIN 1234\n")
    (tmp_path / "prompts").mkdir()
    given, here = tmp_path / "given", tmp_path / "here"
    for each in (given, given / "prompts", here):
        each.mkdir()
    (given / "terms.txt").write_text("Ada\n")
    (given / "link.txt").symlink_to(tmp_path / "private.txt")
    monkeypatch.chdir(here)
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    return given


@pytest.mark.parametrize(
    "line",
    [
        'glossary = "/etc/hostname"',
        'glossary = "../private.txt"',
        'glossary = "link.txt"',
        'output_dir = "../../away"',
        'output_dir = "/tmp"',
        'cache_dir = "/tmp"',
        'backend = "groq"\nbase_url = "http://192.0.2.1/openai/v1"',
        'backend = "groq"\nbase_url = "https://example.org/openai/v1"',
        'base_url = "http://api.groq.com"',
        'base_url = "https://api.groq.com.example.org"',
        'base_url = "https://api.groq.com@example.org/v1"',
        'base_url = "http://localhost.example.org"',
        'base_url = "http://10.0.0.1:8000"',
        'backend = "openai"\nbase_url = "https://api.groq.com"',
    ],
)
def test_a_file_reaches_no_further_than_its_folder_and_the_keys_home(
    folder: Path, line: str
) -> None:
    file = folder / "settings.toml"
    file.write_text(line)
    with pytest.raises(UsageError, match=r"settings\.toml.*yourself, or --allow it"):
        load({}, KEYS, file)
    assert load({"allow": True}, KEYS, file)
    assert load({}, {**KEYS, "AUDIOPIPE_ALLOW": "yes"}, file)
    file.write_text(f"{line}\nallow = true")
    with pytest.raises(UsageError, match="allow is for who runs a file"):
        load({}, KEYS, file)


@pytest.mark.parametrize(
    "line",
    [
        'glossary = "terms.txt"',
        'glossary = "./prompts/../terms.txt"',
        'output_dir = "out/deep"',
        'output_dir = "-"',
        'base_url = "http://localhost:8000"',
        'base_url = "http://127.0.0.2:8000"',
        'base_url = "http://[::1]:8000"',
        'base_url = "https://api.groq.com"',
        'backend = "openai"\nbase_url = "https://api.openai.com/v1"',
        'backend = "local"\nbase_url = "http://10.0.0.1:8000"',
    ],
)
def test_what_stays_within_bounds_needs_no_leave(folder: Path, line: str) -> None:
    file = folder / "settings.toml"
    file.write_text(line)
    settings = load({}, KEYS, file)
    if settings.glossary:
        assert Path(settings.glossary) == (folder / "terms.txt").resolve()


def test_a_server_that_gets_no_key_may_be_named_and_so_may_what_the_user_says(
    folder: Path,
) -> None:
    file = folder / "settings.toml"
    file.write_text('base_url = "http://10.0.0.1:8000"\nglossary = "/etc/hostname"')
    flags = {"glossary": str(folder.parent / "private.txt")}
    assert load(flags, {}, file).base_url == "http://10.0.0.1:8000"
    environment = {**KEYS, "AUDIOPIPE_BASE_URL": "https://example.org"}
    assert load(flags, environment, file).base_url == "https://example.org"


@pytest.mark.parametrize(
    "stage",
    [
        'name = "transcribe"\nglossary = "../private.txt"',
        'name = "transcribe"\nbase_url = "https://example.org"\nbackend = "openai"',
        'name = "transcribe"\n[[stage]]\nname = "summary"\nprompts = "../prompts"',
    ],
)
def test_stages_of_a_pipeline_are_held_to_the_same(folder: Path, stage: str) -> None:
    file = folder / "pipeline.toml"
    file.write_text(f"[[stage]]\n{stage}")
    with pytest.raises(UsageError, match=r"stage \d .*yourself, or --allow it"):
        read(file, {})
    assert read(file, {"allow": True})
    file.write_text(f"[[stage]]\n{stage}".replace("../p", "p").replace("private", "terms"))
    if "base_url" not in stage:
        assert read(file, {})


@pytest.mark.parametrize(
    "into", ["../x", "..", "/etc", "a/b", "a\\b", "x\0", "de\n", ".de", "\x1b[2J", "12", "d" * 99]
)
def test_a_language_that_is_a_path_is_none(folder: Path, into: str) -> None:
    with pytest.raises(UsageError, match="is no language"):
        require_name(into)
    file = folder / "pipeline.toml"
    stage = f'name = "translate"\ninto = {json.dumps(into)}'
    file.write_text(f'[[stage]]\nname = "transcribe"\n[[stage]]\n{stage}')
    with pytest.raises(UsageError):
        read(file, {})


@pytest.mark.parametrize(
    "into",
    ["de", "pt-BR", "es-419", "Haitian Creole", "中文", "हिन्दी", "O'odham", "Sami (Northern)"],
)
def test_any_other_name_may_be_a_language(into: str) -> None:
    require_name(into)


def test_links_do_not_lead_out_either(folder: Path) -> None:
    (folder / "in").symlink_to(folder)
    check_inside(folder / "in" / "terms.txt", folder, "here")
    with pytest.raises(UsageError, match=r"here leads out of .*, to .*private\.txt"):
        check_inside(folder / "in" / "link.txt", folder, "here")


def test_a_record_that_was_changed_sends_no_file_of_ours(audiopipe: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    shutil.copy(RECORDINGS / "jfk.flac", tmp_path / "in" / "a.flac")
    (tmp_path / "in" / "b.flac").write_bytes(b"")
    (tmp_path / "terms.txt").write_text("Ada\n")
    (tmp_path / "private.txt").write_text("Lovelace\n")
    with Server() as server:
        flags = ("-o", "out", "--glossary", "terms.txt", "--no-cache")
        assert (
            audiopipe("transcribe", "in/a.flac", "in/b.flac", *flags, **server.as_groq).returncode
            == 3
        )
        record = tmp_path / "out" / NAME
        told = json.loads(record.read_text())
        shutil.copy(RECORDINGS / "jfk.flac", tmp_path / "in" / "b.flac")
        told["settings"]["glossary"] = str(tmp_path / "private.txt")
        record.write_text(json.dumps(told))
        again = ("transcribe", "--retry-failed", "-o", "out", "--no-cache")
        done = audiopipe(*again, **server.as_groq)
        assert done.returncode == 2 and "settings: glossary leads out of out" in done.stderr
        assert not any("Lovelace" in str(seen.fields) for seen in server.accepted)
        done = audiopipe(*again, "--allow", **server.as_groq)
        assert done.returncode == 0, done.stderr
