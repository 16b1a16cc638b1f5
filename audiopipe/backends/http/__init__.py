"""The one way to a server."""
