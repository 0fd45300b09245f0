"""A session: what puts a run together, from its options to its exit code."""
