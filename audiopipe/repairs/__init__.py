"""What is asked again where a transcript is not to be trusted, and in which ways."""
