"""The text form of a job (`.fact`)."""
