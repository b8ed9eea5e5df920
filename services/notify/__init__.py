"""Who must know? Secure messages to agencies and key workers, and what became of them."""
