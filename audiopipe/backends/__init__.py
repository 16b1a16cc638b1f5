"""Recognisers: the embedded engine, Groq, and every server that speaks its dialect."""
