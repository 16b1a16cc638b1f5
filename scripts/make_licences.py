"""Writes the table of licences in audiopipe/help/licences.md from what is installed.

python scripts/make_licences.py            writes
python scripts/make_licences.py --check    exits 1 where a package is missing

Packages are those that pyproject names, without `dev`, and all that they require; all extras must
be installed. What native libraries the wheels hold is read from the wheels' own folders.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "audiopipe" / "help" / "licences.md"
TABLE = re.compile(r"(<!-- packages, by make_licences.py -->\n).*?(<!-- until here -->)", re.DOTALL)
EXTRAS = tuple("local onnx speakers pydub chat roundtrip serve redis cloud dask".split())


def main(arguments: list[str]) -> int:
    """Write the table, or check it; 1 if a package is missing."""
    page = PAGE.read_text("utf-8")
    made = TABLE.sub(lambda found: found[1] + "\n".join(table()) + "\n" + found[2], page)
    if "--check" in arguments:
        return int(names_of(made) - names_of(page) != set())
    PAGE.write_text(made, "utf-8")
    return 0


def names_of(page: str) -> set[str]:
    """The packages in a table: licences hardly change, and versions differ from place to place."""
    return set(re.findall(r"^\| ([\w-]+) \|", page, re.MULTILINE))


def table() -> Iterator[str]:
    """A row for each package, with the extras that bring it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    yield "| package | licence | native libraries in it | with |"
    yield "|---|---|---|---|"
    core = closure(project["dependencies"])
    brought = {name: ["core"] for name in core}
    for extra in EXTRAS:
        for name in closure(project["optional-dependencies"][extra]) - core:
            brought.setdefault(name, []).append(extra)
    for name in sorted(brought):
        found = distribution(name)
        extras = ", ".join(brought[name])
        yield f"| {name} | {licence(found)} | {', '.join(natives(found))} | {extras} |"


def closure(roots: Iterable[str]) -> set[str]:
    """All that some requirements bring, as far as it is installed."""
    found: set[str] = set()
    todo: list[tuple[Requirement, tuple[str, ...]]] = [(Requirement(each), ("",)) for each in roots]
    while todo:
        each, extras = todo.pop()
        name = canonicalize_name(each.name)
        is_asked = not each.marker or any(each.marker.evaluate({"extra": one}) for one in extras)
        if not is_asked or name in found or not is_installed(name):
            continue
        found.add(name)
        own = ("", *each.extras)
        todo += [(Requirement(text), own) for text in distribution(name).requires or ()]
    return found


def is_installed(name: str) -> bool:
    try:
        return bool(distribution(name))
    except PackageNotFoundError:
        return False


def licence(found: Distribution) -> str:
    """What the package says of itself, the most exact first."""
    told = found.metadata
    classified = [
        name.rpartition(" :: ")[2]
        for name in told.get_all("Classifier") or ()
        if name.startswith("License :: ") and not name.endswith(":: OSI Approved")
    ]
    text = told["License"].strip() if "License" in told else ""
    text = "" if text == "UNKNOWN" else text
    short = text if "\n" not in text and len(text) < 60 else ""
    exact = told.get_all("License-Expression") or [""]
    return exact[0] or short or ", ".join(classified) or "not told"


def natives(found: Distribution) -> list[str]:
    """Shared libraries that the wheel holds, without versions."""
    names = {
        re.sub(r"[-.]([0-9a-f]{8}\b.*|so\b.*|[\d.]+)$", "", Path(each.name).name.split(".so")[0])
        for each in found.files or ()
        if ".libs" in each.parts[0] or each.parts[0] == "_soundfile_data"
        if ".so" in each.name
    }
    return sorted(re.sub(r"-[0-9a-f]{8}$", "", name) for name in names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
