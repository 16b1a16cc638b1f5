"""Imports point one way, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PACKAGE = Path(__file__).parent.parent / "audiopipe"

ORDER = (
    "errors data shapes sentences text languages script config align seam limits models "
    "workers database store ledger budget events purse silence tape voice flags codec excerpt "
    "repairs backends stages render monitor intake recogniser planning pipeline narration talk "
    "tasks jobs cli __main__"
).split()
"""A part imports from its own folder and from the parts before it only."""

AGAINST_THE_STREAM = {("data", "render")}
"""Transcript.save: whoever holds a transcript expects it to save itself."""


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imports(path: Path) -> Iterator[str]:
    """Modules of the package that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("audiopipe."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("audiopipe"):
            module = str(node.module)
            names = (
                [module] if module != "audiopipe" else [f"audiopipe.{a.name}" for a in node.names]
            )
            yield from (name for name in names if name != "audiopipe.__version__")


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_its_own_folder_and_from_parts_before_it(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for module in imports(path):
        other = part_of(module)
        if other == own or (own, other) in AGAINST_THE_STREAM:
            continue
        assert ORDER.index(other) < ORDER.index(own), module


def test_no_stage_imports_another() -> None:
    for path in (PACKAGE / "stages").glob("*.py"):
        for module in imports(path):
            assert not module.startswith("audiopipe.stages."), (path.name, module)


DOORS = {
    "httpx": "http.py",
    "soundfile": "codec",
    "av": "codec",
    "pydub": "codec",
    "rich": "bars.py",
}


@pytest.mark.parametrize("library", DOORS)
def test_a_foreign_library_has_one_door(library: str) -> None:
    for path in FILES:
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [str(node.module)]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            if any(name.split(".")[0] == library for name in names):
                assert DOORS[library] in path.parts, path


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
