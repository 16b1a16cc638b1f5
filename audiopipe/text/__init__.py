"""What is known of texts and languages."""
