"""Measures beside their ceilings, in the same run, because machines differ and drift."""
