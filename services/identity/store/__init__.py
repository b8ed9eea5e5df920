"""The register in PostgreSQL, under row-level security."""
