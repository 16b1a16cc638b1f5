"""`audiopipe cache`: the answers that are kept so that nothing is paid twice."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiopipe.backends.http.address import public_name
from audiopipe.cli import options
from audiopipe.cli.inputs import Item, find_inputs
from audiopipe.cli.log import complain
from audiopipe.cli.streams import on_one_line, put
from audiopipe.errors import AudiopipeError, UnreadableInput, UsageError
from audiopipe.settings import answers_of, load
from audiopipe.settings.kinds import Number

if TYPE_CHECKING:
    from audiopipe.store.answers import Store
    from audiopipe.store.bucket import BucketStore
    from audiopipe.values.audio import Origin

_MB = 1e6
_DAY_S = 86_400.0


@click.group("cache")
def command() -> None:
    """Look at the kept answers, or drop them.

    What is dropped has to be asked for, and paid, again. The count of what was used of the
    provider's limits is kept beside the answers, and is never dropped here.
    """


@command.command("info", cls=options.Command, examples=("", "--cache-dir /data/answers"))
@options.settings("cache")
@options.verbosity
def info(cache_dir: str | None) -> int:
    """Tell where the answers are, how many, and their size."""
    place = _place(cache_dir)
    if isinstance(place, str):
        _tell_bucket(place)
        return 0
    path = place
    put(str(path))
    with _opened(path) as store:
        for holding in store.info() if store else ():
            size = holding.size_bytes / _MB
            put(f"{holding.kind:<12}{holding.answers:>10} answers {size:>12.2f} MB")
    put(f"{'on disk':<12}{'':>18} {_size_bytes(path) / _MB:>12.2f} MB")
    return 0


@command.command("path", cls=options.Command, examples=("", "--cache-dir /data/answers"))
@options.settings("cache")
@options.verbosity
def path(cache_dir: str | None) -> int:
    """Tell where the answers are."""
    put(str(_place(cache_dir)))
    return 0


@command.command("list", cls=options.Command, examples=("", "| sort -n"))
@options.settings("cache")
@options.verbosity
def list_(cache_dir: str | None) -> int:
    """List the recordings whose answers are kept, those used last first.

    In a bucket: those written last, of the recordings for which they were asked.
    """
    with _any(_place(cache_dir)) as store:
        for each in store.recordings() if store else ():
            size, day = each.size_bytes / _MB, time.strftime("%F", time.localtime(each.used_s))
            put(f"{each.answers:>7} answers {size:>9.2f} MB  {day}  {on_one_line(each.kind)}")
    return 0


@command.command("drop", cls=options.Command, examples=("talk.mp3", "recordings/"))
@options.inputs
@options.settings("cache")
@options.verbosity
def drop(inputs: Sequence[str], cache_dir: str | None) -> int:
    """Drop the answers of some recordings, whatever was asked about them.

    INPUT is as for transcribe. What an earlier version kept is known by its recording once it
    has been used again; transcribe --refresh replaces it in any case.
    """
    failed = 0
    with _any(_place(cache_dir)) as store:
        for item in find_inputs(inputs):
            try:
                origin = _origin(item)
            except AudiopipeError as error:
                complain(error)
                failed += 1
                continue
            put(f"{on_one_line(item.source)}: {store.drop(origin) if store else 0} answers dropped")
    return AudiopipeError.exit_code if failed else 0


@command.command("prune", cls=options.Command, examples=("--unused 90", "--max-size 500"))
@options.settings("cache")
@click.option(
    "--unused",
    "unused_days",
    type=options.Value(Number(high=1e6)),
    metavar="DAYS",
    help="Not used for so long.",
)
@click.option(
    "--max-size",
    "max_mb",
    type=options.Value(Number(high=1e9)),
    metavar="MB",
    help="Until the rest is no larger; those not used for longest go first.",
)
@options.verbosity
def prune(cache_dir: str | None, unused_days: float | None, max_mb: float | None) -> int:
    """Drop answers that are old or too many. In a bucket, an answer is as old as its object."""
    if unused_days is None and max_mb is None:
        raise UsageError("say which answers to drop: --unused DAYS, --max-size MB, or both")
    with _any(_place(cache_dir)) as store:
        dropped = (
            store.prune(
                unused_s=None if unused_days is None else unused_days * _DAY_S,
                max_bytes=None if max_mb is None else int(max_mb * _MB),
            )
            if store
            else 0
        )
    put(f"{dropped} answers dropped")
    return 0


@command.command("clear", cls=options.Command, examples=("", "--yes"))
@options.settings("cache")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.verbosity
def clear(cache_dir: str | None, yes: bool) -> int:
    """Drop all answers, those of a damaged file too."""
    path = _place(cache_dir)
    if not yes and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked: cache clear --yes drops all answers")
    if not (yes or click.confirm(f"Drop all answers in {path}?", err=True)):
        return 0
    with _any(path) as store:
        dropped = store.clear() if store else 0
    if isinstance(path, Path):
        for damaged in path.parent.glob(f"{path.name}.damaged*"):
            damaged.unlink(missing_ok=True)
    put(f"{dropped} answers dropped")
    return 0


def _place(cache_dir: str | None) -> Path | str:
    return answers_of(load({"cache_dir": cache_dir}, os.environ), os.environ)


def _tell_bucket(address: str) -> None:
    from audiopipe.store.objects import Bucket, NoAnswer, path_of

    try:
        sizes = [each.size for each in Bucket(address).entries(path_of(address)) if each.size]
    except NoAnswer as error:
        raise UnreadableInput(str(error)) from error
    put(address)
    put(f"{'answers':<12}{len(sizes):>10} answers {sum(sizes) / _MB:>12.2f} MB")


def _origin(item: Item) -> Origin:
    """The recording that an input is.

    Raises:
        InputError: it cannot be read, or not twice.
    """
    from audiopipe.store.origin import of_address, of_file

    if item.error:
        raise item.error
    if item.source == "-":
        raise UnreadableInput("stdin has no answers of its own: name a file")
    if "://" in item.source:
        return of_address(public_name(item.source))
    try:
        return of_file(Path(item.source))
    except OSError as error:
        raise UnreadableInput(f"cannot read {item.source}: {error.strerror}") from error


@contextmanager
def _any(place: Path | str) -> Iterator[Store | BucketStore | None]:
    """Answers in a file or in a bucket; None if there are none."""
    if isinstance(place, Path):
        with _opened(place) as store:
            yield store
        return
    from audiopipe.store.bucket import BucketStore
    from audiopipe.store.objects import NoAnswer

    try:
        with BucketStore(place) as bucket:
            yield bucket
    except NoAnswer as error:
        raise UnreadableInput(str(error)) from error


@contextmanager
def _opened(path: Path) -> Iterator[Store | None]:
    """The store; None if there is none, which is not a reason to make one."""
    if not path.exists():
        yield None
        return
    from audiopipe.store.answers import Store

    with Store(path) as store:
        yield store


def _size_bytes(path: Path) -> int:
    """Of the file, and of the log that SQLite keeps beside it."""
    return sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*"))
