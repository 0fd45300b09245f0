"""The module that the sample `wheel` releases."""

__version__ = "0.0.dev0"


def greeting(name: str) -> str:
    return f"hello {name}"
