"""The Personal Demographics Service (PDS): England's register of who holds which NHS Number, asked over FHIR R4."""
