"""The frame that every Joinedup service stands on: storage, events, calls, disclosure, and a graceful life and death."""
