"""Bars on a terminal; the one place that needs rich."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from audiopipe.cli.tally import Tally
from audiopipe.text.clocks import in_words


class Bars:
    """Files and seconds of audio, how fast, at what cost, how long still, and for what it waits.

    Lines that are printed to stderr meanwhile appear above.

    Args:
        tally: looked at four times a second.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._live = Live(
            get_renderable=self._picture,
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,  # results are not part of the picture
        )

    def start(self) -> None:
        """Show them."""
        self._live.start()

    def stop(self) -> None:
        """Take them away."""
        self._live.stop()

    def _picture(self) -> RenderableType:
        tally = self._tally
        table = Table.grid(padding=(0, 1))
        for width in (None, 24, None):
            table.add_column(width=width, no_wrap=True)
        files = f"{tally.files_done} of {tally.files}"
        table.add_row("files", ProgressBar(tally.files, tally.files_done), files)
        total_s = tally.audio_s or max(tally.heard_s, 1.0)
        table.add_row("audio", ProgressBar(total_s, tally.heard_s), self._audio())
        wait = tally.wait
        return Group(table, Text(f"next chunk in {in_words(wait[0])}: {wait[1]}" if wait else ""))

    def _audio(self) -> str:
        tally = self._tally
        parts = [in_words(tally.heard_s)]
        if tally.audio_s is not None:
            parts[0] += f" of {in_words(tally.audio_s)}"
        if tally.speed:
            parts.append(f"{tally.speed:.1f} times real time")
        if tally.spent.cost_usd:
            parts.append(f"${tally.spent.cost_usd:.4f}")
        if tally.left_s is not None:
            parts.append(f"{in_words(tally.left_s)} left")
        return ", ".join(parts)
