"""The record of a batch: what became of each input, in a file beside the results."""

from audiopipe.workflows.batch.manifest import Manifest
from audiopipe.workflows.batch.record import NAME, Batch, parse, read, settings_of, text_of
from audiopipe.workflows.batch.row import Row, Status, identity
from audiopipe.workflows.batch.rows import Rows

__all__ = [
    "NAME",
    "Batch",
    "Manifest",
    "Row",
    "Rows",
    "Status",
    "identity",
    "parse",
    "read",
    "settings_of",
    "text_of",
]
