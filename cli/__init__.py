"""The `joinedup` command: for operators, integrators and the demo."""
