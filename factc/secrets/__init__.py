"""Secrets: where they are declared, guessed at and read, and how they are hidden.

Nothing in here shows one.
"""
