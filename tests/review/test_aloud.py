"""The pages by axe-core: what screen readers and weak eyes need."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from review.test_page import TALK

from audiopipe.render import save
from audiopipe.review.build import reviewed
from audiopipe.review.report import report

pytestmark = pytest.mark.needs_chromium


@pytest.fixture(scope="module")
def axe() -> str:
    path = Path(os.environ.get("CLIENTS", ".clients")) / "node_modules/axe-core/axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not installed: make clients")
    return path.read_text("utf-8")


def violations(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run().then((told) => told.violations)")
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_violation(opened: Callable[..., Any], axe: str, scheme: str) -> None:
    page = opened(TALK)
    page.emulate_media(color_scheme=scheme)
    page.keyboard.press("F8")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("F8")
    assert violations(page, axe) == []
    page.keyboard.press("Control+h")
    page.fill("#find", "ask")
    assert violations(page, axe) == []
    page.keyboard.press("Escape")
    for tool in ("#tool-keys", "#tool-speakers"):
        page.click(tool)
        assert violations(page, axe) == []
        page.keyboard.press("Escape")


def test_the_list_and_the_report_have_no_violation(
    opened: Callable[..., Any], axe: str, tmp_path: Path
) -> None:
    page = opened(TALK, TALK)
    assert violations(page, axe) == []
    folder = tmp_path / "batch"
    save(TALK, folder / "a.json")
    (folder / "report.html").write_text(report(folder, reviewed([folder])[0]))
    page.goto((folder / "report.html").as_uri())
    assert violations(page, axe) == []
