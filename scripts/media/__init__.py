"""What compares our reading of media with the truth: words of tones, faults, and a judge."""
