"""The JSON form of a job (`.factfile`)."""
