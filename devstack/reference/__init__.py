"""Generates docs/reference from what the code declares, so that a page can never say what the code does not."""
