"""Is it working, and who is in trouble? Signals derived from streams of events."""
