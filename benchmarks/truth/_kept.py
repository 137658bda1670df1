"""What a long study has found so far, by the digest of the code it was found with: a line of JSON each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from _code import ROOT, code_of, digest_of


class Kept:
    """By name, what was found. Several processes may add at once; each sees what was there when it began."""

    def __init__(self, study: Path) -> None:
        folder = ROOT / "build" / "truth"
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{study.stem}-{digest_of(code_of(study))}.jsonl"
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        self._found: dict[str, Any] = dict(map(json.loads, lines))

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> Any:
        return self._found[name]

    def add(self, name: str, found: Any) -> None:
        self._found[name] = found
        with self.file.open("a") as out:
            out.write(json.dumps([name, found]) + "\n")
