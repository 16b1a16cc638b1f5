from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.podcasts import File, Host, feed, item

from audiopipe.audio.reading.chapters import chapters
from audiopipe.concurrency import Stop
from audiopipe.errors import InputError, UnreadableInput
from audiopipe.session import Session
from audiopipe.workflows.feeds import Fetched, Podcast
from audiopipe.workflows.feeds.parse import chapters_of, parse

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Atomic</title><entry>
<id>urn:1</id><title>One</title><updated>2026-01-02T03:04:05Z</updated>
<link rel="alternate" href="/page"/><link rel="enclosure" type="audio/ogg" href="one"/>
</entry></feed>"""


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as host:
        yield host


def fetch(host: Host, root: Path, latest: int | None = None) -> list[Fetched]:
    with Session(cache=False) as session:
        return list(session.fetch(f"{host.url}/feed.xml", root, latest=latest))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_episodes_come_once_the_oldest_first_under_safe_names(
    host: Host, tmp_path: Path
) -> None:
    host.files["/a.mp3"] = File(b"a" * 1000)
    host.files["/b"] = File(b"b" * 1000)
    two = item(2, "../../etc/passwd: a/b &lt;x&gt;", "/b?key=1")
    host.files["/feed.xml"] = feed(two + item(1, "First", "/a.mp3"))
    made = fetch(host, tmp_path)
    assert [each.error for each in made] == [None, None]
    assert [each.path.name for each in made] == [
        "2026-01-01 First.mp3",
        "2026-01-02 .. .. etc passwd_ a b _x_.mp3",
    ]
    assert made[0].path.parent == tmp_path / "The Show"
    assert made[1].path.read_bytes() == b"b" * 1000
    asked = len(host.asked)
    assert fetch(host, tmp_path) == []
    assert host.asked[asked:] == [("/feed.xml", "")]
    host.files["/feed.xml"] = feed(item(3, "First", "/a.mp3") + two, title="Renamed")
    (third,) = fetch(host, tmp_path)
    assert third.path == tmp_path / "The Show" / "2026-01-03 First.mp3"


def test_what_broke_off_goes_on_and_what_has_changed_begins_anew(
    host: Host, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 4000
    host.files["/a.mp3"] = File(data, cuts=[300_000] * 3)
    host.files["/feed.xml"] = feed(item(1, "One", "/a.mp3"))
    (broken,) = fetch(host, tmp_path)
    part = tmp_path / "The Show" / "2026-01-01 One.mp3.part"
    assert broken.error and part.stat().st_size == 900_000
    (whole,) = fetch(host, tmp_path)
    assert whole.error is None and whole.path.read_bytes() == data
    assert host.asked[-1] == ("/a.mp3", "bytes=900000-") and not part.exists()

    host.files["/b.mp3"] = File(data, cuts=[300_000] * 3)
    host.files["/feed.xml"] = feed(item(2, "Two", "/b.mp3"))
    fetch(host, tmp_path)
    host.files["/b.mp3"] = File(b"anew", tag='"2"')
    (other,) = fetch(host, tmp_path)
    assert other.path.read_bytes() == b"anew"


def test_one_that_fails_leaves_the_others_and_is_tried_again(host: Host, tmp_path: Path) -> None:
    host.files["/page"] = File(b"<html>log in</html>", "text/html; charset=utf-8")
    host.files["/empty.mp3"] = File(b"")
    host.files["/c.mp3"] = File(b"c")
    rows = ("/gone.mp3", "/page", "/empty.mp3", "/c.mp3")
    host.files["/feed.xml"] = feed("".join(item(n, f"E{n}", u) for n, u in enumerate(rows, 1)))
    made = fetch(host, tmp_path)
    told = [str(each.error) for each in made]
    assert "404" in told[0] and "is text/html, and no recording" in told[1]
    assert "is empty" in told[2] and made[3].error is None
    assert not [*tmp_path.rglob("*.part")]
    host.files["/gone.mp3"] = host.files["/page"] = host.files["/empty.mp3"] = File(b"here")
    assert [each.error for each in fetch(host, tmp_path)] == [None] * 3


def test_of_a_long_feed_the_latest_alone_and_later_what_is_new(host: Host, tmp_path: Path) -> None:
    host.files["/a.mp3"] = File(b"a")
    items = [item(n, f"E{n}", "/a.mp3") for n in range(1, 8)]
    host.files["/feed.xml"] = feed("".join(items[:5]))
    assert [each.episode.title for each in fetch(host, tmp_path, latest=2)] == ["E4", "E5"]
    host.files["/feed.xml"] = feed("".join(items))
    assert [each.episode.title for each in fetch(host, tmp_path)] == ["E6", "E7"]


def test_chapters_of_feeds_stand_beside_the_recording(host: Host, tmp_path: Path) -> None:
    rows = [{"startTime": 0, "title": "Start"}, {"startTime": 61.5, "title": "Talk"}]
    host.files["/c.json"] = File(json.dumps({"chapters": rows}).encode(), "application/json")
    host.files["/a.mp3"] = File(b"\xff\xfb\x90\x00" * 200)
    simple = '<psc:chapter start="00:00:00" title="Hi"/><psc:chapter start="1:02.5" title="There"/>'
    host.files["/feed.xml"] = feed(
        item(1, "One", "/a.mp3", '<podcast:chapters url="/c.json"/>')
        + item(2, "Two", "/a.mp3", f"<psc:chapters>{simple}</psc:chapters>")
        + item(3, "Three", "/a.mp3", '<podcast:chapters url="/none.json"/>')
    )
    one, two, three = (chapters(each.path) for each in fetch(host, tmp_path))
    assert [(each.title, each.span.start_s) for each in one] == [("Start", 0), ("Talk", 61.5)]
    assert [(each.title, each.span.start_s) for each in two] == [("Hi", 0), ("There", 62.5)]
    assert three == ()


def test_a_crash_before_the_record_downloads_nothing_again(host: Host, tmp_path: Path) -> None:
    host.files["/a.mp3"] = File(b"a" * 100)
    host.files["/feed.xml"] = feed(item(1, "One", "/a.mp3"))
    fetch(host, tmp_path)
    record = tmp_path / "The Show" / "feed.json"
    record.write_text(record.read_text().replace('"done"', '"begun"'))
    asked = len(host.asked)
    (again,) = fetch(host, tmp_path)
    assert again.error is None and len(host.asked) == asked + 1


@pytest.mark.parametrize(
    ("document", "kind"), [(b"", "text/xml"), (b"<html>no</html>", "text/html"), (b"\0\1", "x/y")]
)
def test_what_is_no_feed_is_one_line(
    host: Host, tmp_path: Path, document: bytes, kind: str
) -> None:
    host.files["/feed.xml"] = File(document, kind)
    with pytest.raises(UnreadableInput, match=r"/feed\.xml is no feed: it is neither RSS nor Atom"):
        Podcast(f"{host.url}/feed.xml?token=secret", tmp_path, Stop())
    with pytest.raises(UnreadableInput, match="404"):
        Podcast(f"{host.url}/none.xml", tmp_path, Stop())


def test_a_record_that_was_changed_leads_nowhere_else(host: Host, tmp_path: Path) -> None:
    host.files["/a.mp3"] = File(b"a" * 100)
    host.files["/feed.xml"] = feed(item(1, "One", "/a.mp3"))
    fetch(host, tmp_path)
    record = tmp_path / "The Show" / "feed.json"
    hostile = record.read_text().replace('"2026-01-01 One.mp3"', '"../../x.mp3"')
    record.write_text(hostile.replace('"done"', '"begun"'))
    with pytest.raises(InputError, match="is not the record of a feed"):
        fetch(host, tmp_path)


def test_atom_is_read_too() -> None:
    (episode,) = parse(ATOM.encode(), "https://x.example/feeds/a.atom").episodes
    assert (episode.id, episode.url) == ("urn:1", "https://x.example/feeds/one")
    assert episode.published_s == 1767323045


def test_a_feed_may_be_a_file_and_have_the_address_of_a_subscription(
    host: Host, tmp_path: Path
) -> None:
    host.files["/a.mp3"] = File(b"a")
    host.files["/feed.xml"] = feed(item(1, "One", f"{host.url}/a.mp3"))
    (tmp_path / "my.xml").write_bytes(host.files["/feed.xml"].data)
    bare = host.url.removeprefix("http:")
    for url in (str(tmp_path / "my.xml"), f"feed:{bare}/feed.xml", f"itpc:{host.url}/feed.xml"):
        (episode,) = Podcast(url, tmp_path, Stop()).due()
        assert episode.url == f"{host.url}/a.mp3"
    with pytest.raises(UnreadableInput, match=r"^nothing/here is no feed: No such file.*https://"):
        Podcast("nothing/here", tmp_path, Stop())


def test_media_rss_names_recordings_too_and_a_feed_that_breaks_off_is_known() -> None:
    media = '<media:content url="/a.mp3" type="audio/mpeg"/><media:content url="/a.jpg"/>'
    space = 'xmlns:media="http://search.yahoo.com/mrss/"'
    document = f"<rss {space}><channel><item><guid>1</guid>{media}</item></channel></rss>"
    whole = parse(document.encode(), "https://x.example/feed")
    assert [each.url for each in whole.episodes] == ["https://x.example/a.mp3"]
    assert not whole.is_cut
    assert parse(document[:-20].encode(), "https://x.example/feed").is_cut


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/a.mp3", "javascript:1", "//", ""])
def test_addresses_that_are_not_of_the_web_are_no_episodes(url: str) -> None:
    assert parse(feed(item(1, "One", url)).data, "file:///tmp/feed.xml").episodes == ()


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet="<>/itemrsschannel =\"'&;", max_size=300))
def test_any_document_is_a_feed_or_refused(document: bytes | str) -> None:
    data = document if isinstance(document, bytes) else document.encode()
    with suppress(UnreadableInput):
        assert parse(data, "https://x.example/").title is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["startTime", "title", "toc"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values)
def test_any_chapters_are_in_order_or_none(rows: object) -> None:
    found = chapters_of(rows)
    assert list(found) == sorted(found, key=lambda each: each.span.start_s)


def test_a_site_is_fetched_by_its_library(host: Host, tmp_path: Path) -> None:
    pytest.importorskip("yt_dlp", reason="yt-dlp is an extra of its own")
    host.files["/talk.mp3"] = File(b"ID3\x03" + bytes(5000))
    with Session(cache=False) as session:
        url = f"ytdlp:{host.url}/talk.mp3"
        (made,) = session.fetch(url, tmp_path)
        assert made.error is None and made.path.read_bytes() == host.files["/talk.mp3"].data
        assert list(session.fetch(url, tmp_path)) == []
        with pytest.raises(UnreadableInput, match="404"):
            list(session.fetch(f"ytdlp:{host.url}/none.mp3", tmp_path))
