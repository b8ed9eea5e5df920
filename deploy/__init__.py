"""What it takes to run Joinedup away from a developer's machine: manifests, image, checks."""
