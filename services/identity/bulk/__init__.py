"""Traces many people at once, column by column, and decides each exactly as one trace would."""
