"""Packages that Comporta's extras bring, and what is said where one of them is not installed.

The list is the installed metadata of Comporta: an extra that is added to `pyproject.toml` is known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from comporta.errors import MissingExtra, wording

_PACKAGES = {"grpc": "grpcio"}
"""What is called otherwise than the module that it brings."""
_REQUIRED = re.compile(r"\s*([A-Za-z0-9._-]+)[^;]*;.*\bextra\s*==\s*['\"]([A-Za-z0-9._-]+)['\"]")


def extra_of(module: str, by: str = "") -> str:
    """The extra that brings this module, or empty. Of several: `by`, else the one called as its package is,
    else the first by name."""
    package = module.partition(".")[0]
    package = _normal(_PACKAGES.get(package, package))
    # What several packages fill has the name that theirs begin with: `opentelemetry` of `opentelemetry-sdk`.
    extras = sorted(
        {extra for name, extra in _required_packages() if name == package or name.startswith(f"{package}-")}
    )
    preferred = [each for each in (_normal(by), package) if each in extras]
    return next(iter(preferred + extras), "")


def install_advice(error: BaseException) -> str:
    """`Install it: pip install 'comporta[xgboost]'.` of an import that failed for lack of an extra's package;
    empty of any other error."""
    extra = extra_of(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    return wording(f"Install it: pip install 'comporta[{extra}]'.") if extra else ""


def require(module: str, why: str, by: str = "") -> Any:
    """The module. why: what needs it, the beginning of a sentence. by: an extra, where several bring it.
    Raises MissingExtra."""
    try:
        return import_module(module)
    except ImportError as fault:
        raise missing_extra(module, why, by) from fault


def missing_extra(module: str, why: str, by: str = "") -> MissingExtra:
    """The error for a person: what needs it, what is not installed, what to do."""
    extra = extra_of(module, by)
    package = module.partition(".")[0]
    package = _PACKAGES.get(package, package)
    wanted = f"comporta[{extra}]" if extra else package
    return MissingExtra(f"{why} needs {package}, which is not installed. Install it: pip install '{wanted}'.")


@cache
def _required_packages() -> tuple[tuple[str, str], ...]:
    """(package, extra), of each that an extra requires."""
    return tuple(_read_requirements())


def _read_requirements() -> Iterator[tuple[str, str]]:
    # Only where something is missing: it is slow to import.
    from importlib import metadata

    try:
        required = metadata.requires("comporta") or []
    except metadata.PackageNotFoundError:  # a copy that was never installed
        return
    for each in required:
        if match := _REQUIRED.match(each):
            yield _normal(match[1]), match[2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
