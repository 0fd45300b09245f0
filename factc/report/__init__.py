"""Reports on a run: where its time went, worked out from its facts."""
