"""Writes requirements.lock: what development and CI install, each with the hash of its file.

python scripts/make_lock.py            resolves pyproject's `dev` anew and writes
python scripts/make_lock.py --check    exits 1 where pyproject, or a package in the lock that is
                                       installed here, asks for what the lock does not have

pip resolves, and the lock holds for the kind of machine that it was written on (see its head);
elsewhere `pip install --editable '.[dev]'` resolves for itself. The lock names no address: hashes
tell whether what an index gives is what was tested.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
BUILD = ("hatchling", "editables")
"""What the project itself is built with, as pip must not fetch it unseen."""


def main(arguments: list[str]) -> int:
    """Write the lock, or check it; 1 if it does not fit."""
    if "--check" not in arguments:
        LOCK.write_text(written(resolved()), "utf-8")
        return 0
    versions = locked()
    missing = [(each, by) for each, by in wanted(versions) if not fits(each, versions)]
    for each, by in missing:
        print(f"requirements.lock lacks {each}, which {by} asks for: run scripts/make_lock.py")
    return 1 if missing else 0


def wanted(versions: Mapping[str, str]) -> Iterator[tuple[Requirement, str]]:
    """What is asked for and by whom: by pyproject, and by what is asked for, as far as the same
    version is installed and so can tell."""
    waiting = [(each, "pyproject.toml") for each in asked()]
    seen: set[tuple[str, str]] = set()
    while waiting:
        wish, by = waiting.pop()
        yield wish, by
        name = canonicalize_name(wish.name)
        for extra in {"", *wish.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            with suppress(PackageNotFoundError):
                if version(name) == versions.get(name):
                    needs = map(Requirement, requires(name) or ())
                    waiting += [(each, name) for each in needs if _holds(each, extra)]


def _holds(wish: Requirement, extra: str) -> bool:
    return wish.marker is None or wish.marker.evaluate({"extra": extra})


def resolved() -> dict[str, tuple[str, str]]:
    """Version and hash of all that pip would install, by name."""
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--dry-run", "--ignore-installed", "--report", "-"),
        *(str(each) for each in asked()),
    ]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found: dict[str, tuple[str, str]] = {}
    for each in report["install"]:
        name = canonicalize_name(each["metadata"]["name"])
        sha256 = each["download_info"]["archive_info"]["hashes"]["sha256"]
        found[name] = (each["metadata"]["version"], sha256)
    return found


def written(packages: dict[str, tuple[str, str]]) -> str:
    """The lock as text."""
    python = ".".join(platform.python_version_tuple()[:2])
    head = (
        f"# For CPython {python} on {platform.system()} {platform.machine()}, by "
        "scripts/make_lock.py; install with:\n"
        "# pip install --require-hashes -r requirements.lock\n"
    )
    lines = (
        f"{name}=={version} --hash=sha256:{sha256}\n"
        for name, (version, sha256) in sorted(packages.items())
    )
    return head + "".join(lines)


def asked() -> list[Requirement]:
    """What pyproject asks for, extras of the project itself unfolded."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: list[Requirement] = []
    extras, seen = ["dev"], {"dev"}
    texts = [*project["dependencies"], *BUILD]
    while extras:
        texts += project["optional-dependencies"][extras.pop()]
        for own in [text for text in texts if text.startswith(f"{project['name']}[")]:
            texts.remove(own)
            more = Requirement(own).extras - seen
            extras += more
            seen |= more
    found = [Requirement(text) for text in texts]
    return [each for each in found if each.marker is None or each.marker.evaluate()]


def locked() -> dict[str, str]:
    """Versions in the lock, by name."""
    pattern = r"^([\w.-]+)==(\S+) --hash=sha256:[0-9a-f]{64}$"
    return dict(re.findall(pattern, LOCK.read_text("utf-8"), re.MULTILINE))


def fits(wish: Requirement, versions: dict[str, str]) -> bool:
    """Whether a version in the lock is what is wished for."""
    version = versions.get(canonicalize_name(wish.name))
    return version is not None and wish.specifier.contains(version, prereleases=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
