"""The commands: a module a verb, imported when it is the one."""
