"""`make bench-identity`: the matcher and the register beside the best open tools, on the same data in the same run."""
