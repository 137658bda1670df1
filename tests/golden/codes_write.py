"""Adds to `codes.txt` each declared code that it does not hold yet, with the names of its values.

Run it after a code was declared: `python tests/golden/codes_write.py`. Lines that are there never change:
artifacts and facts hold these ids and names.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import comporta
from comporta.records import Code

FILE = Path(__file__).with_name("codes.txt")


def declared() -> dict[str, Code]:
    """Id → code, of every module of Comporta. Raises ValueError where two codes share an id."""
    found: dict[str, Code] = {}
    for each in walk_packages(comporta.__path__, "comporta."):
        if each.name.endswith("__main__") or ".template" in each.name or ".migrations" in each.name:
            continue
        for held in vars(import_module(each.name)).values():
            if isinstance(held, Code) and found.setdefault(held.id, held) is not held:
                raise ValueError(f"two codes are called {held.id!r}. Rename one.")
    return found


def line(code: Code) -> str:
    """`evidence.too_few_rows least rows`."""
    return " ".join((code.id, *sorted(code.values)))


def released() -> tuple[str, ...]:
    """The lines that are kept."""
    return tuple(FILE.read_text().splitlines()) if FILE.exists() else ()


if __name__ == "__main__":
    kept = {each.partition(" ")[0] for each in released()}
    new = [line(code) for id, code in declared().items() if id not in kept]
    FILE.write_text("\n".join(sorted((*released(), *new))) + "\n")
    print(f"{len(new)} codes added")
