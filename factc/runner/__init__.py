"""The runner: a plan becomes attempts for an engine, what comes of them becomes facts.

Nothing in here knows how a job is written down.
"""
