"""The local stack: everything that a laptop needs to run Joinedup."""
