"""Tools for agents, by the SDK's own client over stdio."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
import soundfile
from support import speechlike
from support.server import Server

from audiopipe.errors import InputError
from audiopipe.render import save
from audiopipe.server.folders import Folders
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag, Segment, Source, Transcript

mcp = pytest.importorskip("mcp", reason="the SDK is an extra of its own")

from mcp import Client, StdioServerParameters  # noqa: E402
from mcp.client.stdio import stdio_client  # noqa: E402

TALK = Transcript(
    Source("old.wav", "", 60.0),
    "transcribe",
    "en",
    (Segment(Span(3, 5), " The budget is approved.", speaker="Ann"),),
    flags=(Flag("low-confidence", Span(3, 5), -1.2, -1.0, "Listen."),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    (folder / "more").mkdir(parents=True)
    soundfile.write(folder / "more" / "talk.wav", speechlike.make_recording(10), 16_000)
    save(TALK, folder / "old.json")
    (tmp_path / "secret.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    (folder / "up").symlink_to(tmp_path)
    return folder


Call = Callable[..., Awaitable[Any]]


def visit(
    folder: Path, environment: Mapping[str, str], talk: Callable[[Any], Awaitable[None]]
) -> None:
    """A client that talks to the command over its stdin and stdout."""

    async def main() -> None:
        keyless = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")}
        command = StdioServerParameters(
            command=sys.executable,
            args=["-m", "audiopipe", "mcp", str(folder), "-o", str(folder / "out")],
            env={**keyless, **environment, "AUDIOPIPE_CACHE_DIR": str(folder.parent / "cache")},
        )
        with (folder.parent / "stderr").open("w") as log:
            async with Client(stdio_client(command, errlog=log)) as client:
                await talk(client)

    anyio.run(main)


async def rows(client: Any, tool: str, **arguments: Any) -> list[dict[str, Any]]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    found: list[dict[str, Any]] = result.structured_content["rows"]
    return found


def test_an_agent_works_with_recordings(folder: Path) -> None:
    async def talk(client: Any) -> None:
        tools = (await client.list_tools()).tools
        assert [t.name for t in tools] == ["files", "transcribe", "search", "check", "ask", "speak"]
        assert all(tool.description for tool in tools)
        listed = await rows(client, "files")
        assert [row["path"].rpartition("recordings/")[2] for row in listed] == [
            "more/talk.wav",
            "old.json",
        ]
        heard = await client.call_tool("transcribe", {"path": "more/talk.wav", "formats": ["srt"]})
        assert heard.structured_content["text"] == speechlike.text(range(10))
        assert (folder / "out" / "more" / "talk.json").exists()
        assert (folder / "out" / "more" / "talk.srt").exists()
        (hit,) = await rows(client, "search", words="budget is")
        assert (hit["speaker"], hit["start_s"]) == ("Ann", pytest.approx(3.3, abs=0.4))
        assert [row["kind"] for row in await rows(client, "check", path="old.json")] == [
            "low-confidence"
        ]
        assert await rows(client, "check", path="old.json", rules="ebu") == []
        asked = await client.call_tool("ask", {"path": "old.json", "job": "summary"})
        assert asked.structured_content["text"] == "Approved."
        assert (folder / "old.summary.txt").read_text() == "Approved.\n"
        spoken = await client.call_tool("speak", {"text": "Good morning.", "name": "a/hi.wav"})
        assert spoken.structured_content["duration_s"] > 0.5
        assert (folder / "out" / "a" / "hi.wav").exists()
        await what_leads_out_is_refused_and_a_fault_is_an_answer(client, folder)

    with Server() as server:
        server.replies.append(json.dumps({"summary": "Approved."}))
        visit(folder, server.as_groq, talk)
        assert not (folder.parent / "x.wav").exists() and len(server.seen) == 3


async def what_leads_out_is_refused_and_a_fault_is_an_answer(client: Any, folder: Path) -> None:
    for path in ("../secret.json", "/etc/passwd", "link.json", "up/secret.json", "none", ""):
        result = await client.call_tool("check", {"path": path})
        assert result.is_error, path
    for name in ("../x.wav", str(folder.parent / "x.wav"), "../out2/x.wav"):
        assert (await client.call_tool("speak", {"text": "Hi.", "name": name})).is_error
    result = await client.call_tool("transcribe", {"path": "old.json"})
    assert result.is_error and "old.json" in result.content[0].text
    assert (await client.call_tool("check", {"path": "old.json", "rules": "mine"})).is_error


@pytest.mark.parametrize("name", ["..", "a/../../b", "up/secret.json", "link.json", "", "a\0b"])
def test_no_name_leads_out_of_the_folders(folder: Path, name: str) -> None:
    folders = Folders([folder])
    with pytest.raises(InputError):
        folders.file(name)
    assert not any("secret" in str(path) or path.is_symlink() for path in folders.below(""))
    with pytest.raises(InputError):
        folders.target(folder, name or "/x")
