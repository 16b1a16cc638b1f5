"""Sound: reading, encoding, cutting out and measuring it."""
