"""What `bench_review.py` is made of: the transcript, the measures, and the other editor."""
