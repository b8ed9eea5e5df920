"""Other systems' door: BaRS messages in, contacts with services in."""
