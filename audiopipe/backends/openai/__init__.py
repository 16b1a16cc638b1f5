"""Servers that speak OpenAI's dialect."""
