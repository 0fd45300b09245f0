"""Sinks: whoever keeps an account of a run for somebody outside."""
