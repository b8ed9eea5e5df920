"""The frame that every Joinedup service stands on: storage, events, calls, disclosure, a graceful life and death."""
