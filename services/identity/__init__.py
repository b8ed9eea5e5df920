"""Who is this? The register of people: NHS Numbers, demographics, and who is the same as whom."""
