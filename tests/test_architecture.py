"""Foreign libraries have one door each, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).parent.parent / "audiopipe"

FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]

DOORS = {
    "httpx": "backends/http",
    "soundfile": "audio",
    "av": "audio",
    "pydub": "audio",
    "rich": "cli",
    "redis": "store",
    "obstore": "store",
    "ray": "engines",
}


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_has_one_door(library: str) -> None:
    for path in FILES:
        below = path.relative_to(PACKAGE)
        if library in imported(path):
            assert below.is_relative_to(DOORS[library]), path


def imported(path: Path) -> set[str]:
    """First names of the modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from audiopipe.cli import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        "heavy = {'numpy', 'httpx', 'av', 'soundfile', 'soxr', 'faster_whisper'}\n"
        "heavy |= {'sqlite3', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_public_name_is_the_same_thing_whenever_it_is_asked_for() -> None:
    import audiopipe

    first = {name: getattr(audiopipe, name) for name in audiopipe.__all__}
    assert {name: getattr(audiopipe, name) for name in audiopipe.__all__} == first
    assert not [name for name, value in first.items() if isinstance(value, ModuleType)]


def test_the_root_holds_few_files() -> None:
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = first.end_lineno if has_docstring else node.lineno
            assert (node.end_lineno or 0) - (start or 0) <= 40, node.name
