"""The stages, one file each; none imports another."""
