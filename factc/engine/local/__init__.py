"""The engine of this machine: attempts are processes, and nothing of them is left behind."""
