"""Says how likely two sets of demographics are one person, and why: pure functions, no storage, no clock."""
