"""Whole tasks made of pipelines: batches, plans, round trips, recipes."""
