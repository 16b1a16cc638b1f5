"""What is done to a whole transcript."""
