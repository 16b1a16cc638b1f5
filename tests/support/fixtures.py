"""Where the shipped recordings and golden files are."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
RECORDINGS = FIXTURES / "recordings"
GOLDEN = FIXTURES / "golden"
JFK = RECORDINGS / "jfk.flac"
