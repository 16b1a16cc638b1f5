"""The page as a server gives it: keys, ranges, corrections of two people, uploads."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.browsing import until
from support.gateway import Gateway, flac
from support.server import Server

from audiopipe.render import load, render, save
from audiopipe.render.corrections import beside, read_beside
from audiopipe.values.audio import Span
from audiopipe.values.corrections import standing
from audiopipe.values.transcript import Flag, Segment, Source, Transcript

TALK = Transcript(
    Source("talk.flac", "00", 20),
    "transcribe",
    "en",
    tuple(Segment(Span(n, n + 1), f" Passage {n}.") for n in range(20)),
    (Flag("low-confidence", Span(3, 4), -2.0, -1.0, "Listen."),),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    (folder / "talk.flac").write_bytes(flac(20))
    save(TALK, folder / "talk.json")
    return folder


@pytest.fixture(scope="module")
def gateway(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with (
        Server() as upstream,
        Gateway(
            upstream, tmp_path_factory.mktemp("gateway"), "--review-dir", str(library)
        ) as running,
    ):
        yield running


@pytest.fixture
def api(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{gateway.url}/review/api", timeout=60) as client:
        yield client


def row(n: int, after: str, **more: Any) -> dict[str, Any]:
    return {"segment": n, "before": f" Passage {n}.", "after": after, "speaker": None, **more}


def test_corrections_are_kept_beside_and_the_last_word_counts(
    api: httpx.Client, library: Path
) -> None:
    (file,) = api.get("/transcripts").json()["files"]
    assert (file["name"], file["flags"], file["settled"]) == ("talk.json", 1, 0)
    at = f"/transcripts/{file['id']}"
    first = api.post(f"{at}/corrections", json={"corrections": [row(0, " A.", who="Al")]}).json()
    doubt = {"kind": "low-confidence", "start": 3, "end": 4}
    rows = [row(0, " B.", when="1999-01-01T00:00:00Z"), row(3, " C.", settles=[doubt])]
    more = api.post(f"{at}/corrections?have={first['count']}", json={"corrections": rows}).json()
    assert [each["after"] for each in more["corrections"]] == [" B.", " C."]
    assert [each.after for each in standing(read_beside(library / "talk.json")).values()] == [
        " B.",
        " C.",
    ]
    assert [each.after for each in read_beside(library / "talk.json")] == [" A.", " B.", " C."]
    assert api.get("/transcripts").json()["files"][0]["settled"] == 1
    exported = api.get(f"{at}/export?format=srt")
    assert exported.text == render(load(library / "talk.json"), "srt")
    assert api.get(f"{at}/export?format=docx").content[:2] == b"PK"


def test_a_recording_is_played_in_ranges_by_its_own_address_alone(
    api: httpx.Client, gateway: Gateway, library: Path
) -> None:
    id_ = api.get("/transcripts").json()["files"][0]["id"]
    address = gateway.url + api.get(f"/transcripts/{id_}").json()["audio"]
    whole = (library / "talk.flac").read_bytes()
    part = httpx.get(address, headers={"range": "bytes=100-199"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert httpx.get(address[:-1] + "x", timeout=60).status_code == 403
    assert httpx.get(address.partition("?")[0], timeout=60).status_code == 403
    assert len(api.get(f"/transcripts/{id_}/peaks").json()["peaks"]) > 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"corrections": [{"segment": "x"}]}, 400),
        ({"corrections": 7}, 400),
        ({"corrections": [None]}, 400),
        ({"corrections": [{"segment": -1, "before": "", "after": ""}]}, 400),
        ([], 400),
    ],
)
def test_what_is_no_correction_is_refused(api: httpx.Client, body: Any, status: int) -> None:
    id_ = api.get("/transcripts").json()["files"][0]["id"]
    assert api.post(f"/transcripts/{id_}/corrections", json=body).status_code == status
    assert api.get("/transcripts/file_none").status_code == 404
    assert api.post(f"/transcripts/{id_}/again", json={"segment": 99}).status_code == 400


def test_a_passage_is_asked_about_again(api: httpx.Client) -> None:
    id_ = api.get("/transcripts").json()["files"][0]["id"]
    answer = api.post(f"/transcripts/{id_}/again", json={"segment": 5}).json()
    assert answer["how"].startswith("alone, by ")
    assert isinstance(answer["text"], str)


def test_the_rules_of_access_are_those_of_all(tmp_path: Path, library: Path) -> None:
    from audiopipe.server.access import add_key

    keys = tmp_path / "keys.toml"
    key = add_key(keys, "alice")
    flags = ("--review-dir", str(library), "--api-key-file", str(keys))
    with Server() as upstream, Gateway(upstream, tmp_path, *flags) as running:
        url = f"{running.url}/review"
        assert httpx.get(f"{url}/", timeout=60).status_code == 200
        assert httpx.get(f"{url}/api/transcripts", timeout=60).status_code == 401
        told = httpx.get(
            f"{url}/api/transcripts", headers={"authorization": f"Bearer {key}"}, timeout=60
        )
        assert told.json()["files"]


@pytest.mark.needs_chromium
def test_two_people_lose_nothing_and_end_with_the_same(
    browser: Any, gateway: Gateway, api: httpx.Client, library: Path
) -> None:
    beside(library / "talk.json").unlink(missing_ok=True)
    id_ = api.get("/transcripts").json()["files"][0]["id"]
    contexts = [browser.new_context(), browser.new_context()]
    pages, errors = [], list[str]()
    for n, context in enumerate(contexts):
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{gateway.url}/review/#{id_}")
        page.wait_for_selector(".segment")
        page.fill("#who", f"person {n}")
        pages.append(page)
    chance = random.Random(7)
    mended: set[tuple[int | None, str]] = set()
    for step in range(200):
        n, page = chance.randrange(20), pages[step % 2]
        mended.add((n, f"person {step % 2}"))
        page.evaluate(
            """([n, text]) => {
              const node = document.querySelectorAll('.segment')[n];
              node.focus();
              node.textContent = text;
              node.dispatchEvent(new InputEvent('input', { bubbles: true }));
            }""",
            [n, f"Mended {step}."],
        )
        if step % 20 == 19:
            page.wait_for_timeout(chance.randrange(700))
    everything = "all => all.map((each) => each.textContent)"
    for page in pages:
        until(page, "document.querySelector('#kept').textContent === 'Saved'")
    for _ in range(100):
        shown = [page.eval_on_selector_all(".segment", everything) for page in pages]
        if shown[0] == shown[1]:
            break
        pages[0].wait_for_timeout(100)
    assert errors == []
    assert shown[0] == shown[1]
    stored = load(library / "talk.json")
    assert [segment.text.strip() for segment in stored.segments] == shown[0]
    record = read_beside(library / "talk.json")
    assert {(each.segment, each.who) for each in record} == mended
    for context in contexts:
        context.close()


@pytest.mark.needs_chromium
def test_a_recording_is_dropped_transcribed_and_reviewed(browser: Any, gateway: Gateway) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{gateway.url}/review/")
    page.set_input_files(
        "#upload", {"name": "new.flac", "mimeType": "audio/flac", "buffer": flac(10)}
    )
    page.get_by_role("button", name="new.flac").click(timeout=30_000)
    page.wait_for_selector(".segment")
    until(page, "document.querySelector('audio').readyState > 0")
    page.locator(".segment").first.click()
    page.keyboard.type("Hello ")
    until(page, "document.querySelector('#kept').textContent === 'Saved'")
    page.reload()
    page.wait_for_selector(".segment")
    assert "Hello " in page.locator(".segment").first.inner_text()
    context.close()
