"""Recordings into transcripts you can trust, and back into speech."""

__version__ = "0.1.0"
