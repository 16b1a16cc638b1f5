"""`audiopipe fetch`: new episodes of podcasts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from audiopipe.cli import options
from audiopipe.cli.codes import NOTHING_DONE, SOME_FAILED
from audiopipe.cli.interrupt import stop_on_signals
from audiopipe.cli.log import LOGGER, complain
from audiopipe.cli.streams import put
from audiopipe.concurrency import Stop
from audiopipe.errors import AudiopipeError
from audiopipe.settings.kinds import Number


@options.command("fetch", "https://example.com/feed.xml -o podcasts", "feed.xml --latest 3 -o pods")
@click.argument("feeds", nargs=-1, required=True, metavar="FEED...")
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    default=Path(),
    help="Where each podcast has its folder.  [default: .]",
)
@click.option(
    "--latest",
    type=options.Value(Number(is_whole=True, low=1)),
    metavar="N",
    help="Only the N newest; what is older is passed over for good.  [default: all]",
)
@click.option("--dry-run", is_flag=True, help="List what is new, and stop.")
@options.verbosity
def command(feeds: tuple[str, ...], output_dir: Path, latest: int | None, dry_run: bool) -> int:
    """Download the episodes of podcasts that were not fetched before, the oldest first.

    FEED is the address or the file of RSS or Atom, or ytdlp: and that of a page of a site that
    yt-dlp knows. Episodes are DIR/PODCAST/DATE TITLE.*, each there when it is whole; feed.json
    beside them says what became of each. What broke off goes on.
    """
    results: Counter[str] = Counter()
    with stop_on_signals() as stop:
        for feed in feeds:
            try:
                results += _fetched(feed, output_dir, latest, dry_run, stop)
            except AudiopipeError as error:
                if error.stops_run or stop.is_set():
                    raise
                complain(error)
                results["failed"] += 1
    if results["failed"]:
        return SOME_FAILED if results["good"] else NOTHING_DONE
    return 0


def _fetched(feed: str, root: Path, latest: int | None, dry_run: bool, stop: Stop) -> Counter[str]:
    """How many went well, and how many did not: episodes, and the feed itself."""
    from audiopipe.workflows.feeds import Podcast

    podcast = Podcast(feed, root, stop)
    results = Counter(good=1)
    if podcast.feed.is_cut:
        told = podcast.feed.title or "the feed"
        LOGGER.warning("%s: the feed breaks off: there may be more episodes", told)
    if dry_run:
        for episode in podcast.due(latest):
            put(episode.title)
        return results
    for fetched in podcast.fetch(latest):
        if fetched.error:
            complain(fetched.error)
        else:
            LOGGER.info("%s", fetched.path)
        results["failed" if fetched.error else "good"] += 1
    name, new = podcast.feed.title or "the feed", results["good"] - 1
    LOGGER.info("%s: %d new of %d episodes", name, new, len(podcast.feed.episodes))
    return results
