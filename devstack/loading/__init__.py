"""Loads the synthetic place into a running Joinedup, through the same doors that everybody else uses."""
