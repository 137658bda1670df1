"""URL schemes that installed packages declare: an entry point of this group, named by the scheme."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from comporta.errors import BadProject

STORES, LEDGERS = "comporta.stores", "comporta.ledgers"


def scheme_of(url: str) -> str:
    """`s3` of `s3://bucket`; empty where there is none."""
    return url.partition("://")[0] if "://" in url else ""


def opener(group: str, scheme: str) -> Any:
    """The function that an installed package declares for this scheme; None where none does. Raises
    BadProject where two packages declare it, or it cannot be loaded."""
    found = [each for each in entry_points(group=group) if each.name == scheme] if scheme else []
    if len({each.value for each in found}) > 1:
        raise BadProject(
            f"{scheme}://: found it declared by {' and '.join(map(_by, found))}, expected one package. "
            "Uninstall the others."
        )
    if not found:
        return None
    try:
        return found[0].load()
    except Exception as fault:  # a package's own import: whatever it raises
        raise BadProject(
            f"{scheme}://: found it declared by {_by(found[0])}, which cannot be loaded: "
            f"{type(fault).__name__}: {fault}. Mend or reinstall it."
        ) from fault


def installed_schemes(group: str) -> tuple[str, ...]:
    """The schemes of installed packages, sorted."""
    return tuple(sorted({each.name for each in entry_points(group=group)}))


def also(group: str) -> str:
    """`, or of an installed package: a://, b://`, for an error; empty where there are none."""
    names = installed_schemes(group)
    return f", or of an installed package: {', '.join(f'{name}://' for name in names)}" if names else ""


def _by(found: EntryPoint) -> str:
    return f"{found.dist.name if found.dist is not None else 'a package'} ({found.value})"
