"""factc compiles jobs of shell commands into plans, and runs them.

    import factc

    result = factc.run("nightly.fact", values={"day": "2026-01-31"}, jobs=4)
    if not result.ok:
        print(result.exit_code, result.tasks, result.directory)

`CompileError` holds every mistake of a job as a `Diagnostic`; `RequestError` says that the job may be fine, but
what was asked of it is not. What starts with an underscore, and every module of the package, may change.
"""

from factc.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from factc.api import compile, run
    from factc.diagnostic import CompileError, Diagnostic, RequestError
    from factc.plan import Plan
    from factc.session.session import Result

__all__ = ["CompileError", "Diagnostic", "Plan", "RequestError", "Result", "__version__", "compile", "run"]

_HOMES = {
    "compile": "factc.api",
    "run": "factc.api",
    "CompileError": "factc.diagnostic",
    "Diagnostic": "factc.diagnostic",
    "RequestError": "factc.diagnostic",
    "Plan": "factc.plan",
    "Result": "factc.session.session",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Imports a public name when it is first used, so that the command starts fast."""
        if name not in _HOMES:
            raise AttributeError(f"module 'factc' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
