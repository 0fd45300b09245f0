"""Webhooks: a run's events on their way to receivers, during the run and after it."""
