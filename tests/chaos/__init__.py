"""What happens when things go wrong: real processes, real SIGKILL, real parts that are away, on a stack of its own."""
