"""The JSON form of a plan (`.factotum`): written, read back, and checked like any input."""

PLAN = "iglu:factc/plan/jsonschema/1-0-0"
