"""Other systems' door: FHIR and BaRS messages in and out, and signals about contacts with services."""
