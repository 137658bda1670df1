"""From a training function to production, and kept there: data, gates, release, trace.

What a project file needs stands here, imported on first use: `import comporta` itself loads nothing heavy.
Types of these names are in `__init__.pyi`.
"""

from __future__ import annotations

# As `typing` has it, which would be a third of all that `import comporta` costs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOME = {
    "Project": "comporta.api",
    "load": "comporta.api",
    "Dataset": "comporta.project",
    "Features": "comporta.project",
    "AsOf": "comporta.project",
    "Window": "comporta.project",
    "Model": "comporta.project",
    "Person": "comporta.project",
    "Schedule": "comporta.project",
    "Column": "comporta.records",
    "Limits": "comporta.records",
    "by_time": "comporta.records",
    "by_group": "comporta.records",
    "at_random": "comporta.records",
    "at_least": "comporta.checks",
    "at_most": "comporta.checks",
    "no_worse": "comporta.checks",
    "standard": "comporta.checks",
    "ComportaError": "comporta.errors",
}

__all__ = [
    "AsOf",
    "Column",
    "ComportaError",
    "Dataset",
    "Features",
    "Limits",
    "Model",
    "Person",
    "Project",
    "Schedule",
    "Window",
    "at_least",
    "at_most",
    "at_random",
    "by_group",
    "by_time",
    "load",
    "no_worse",
    "standard",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("comporta")
    if name not in _HOME:
        raise AttributeError(f"module 'comporta' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
