"""Trains the matcher's scorer offline: invented people, what goes wrong in writing them down, and fitting a model."""
