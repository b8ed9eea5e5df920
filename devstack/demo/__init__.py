"""Journey J1 of the product, carried out on a running stack: as a story for people, and step by step for tests."""
