"""Scheduling: which task may start next, and how long a plan takes. Pure: no clock, no process."""
