"""Answers of services as the parts of pages; asks nobody, and knows neither forms nor requests."""
