"""Exports: a plan or a job written in another language."""
