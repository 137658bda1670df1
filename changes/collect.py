"""Moves the fragments in this folder into CHANGELOG.md, under a new version.

python changes/collect.py 0.2.0 [DATE]
python changes/collect.py            only prints what would stand there
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
CHANGELOG = HERE.parent / "CHANGELOG.md"
KINDS = ("added", "changed", "fixed", "removed", "security")
MARK = "<!-- newest first -->\n"


def fragments(folder: Path) -> dict[str, list[Path]]:
    """Files by kind, sorted by name. Exits on a name of another form."""
    found: dict[str, list[Path]] = {kind: [] for kind in KINDS}
    for file in sorted(folder.glob("*.md")):
        about, _, kind = file.stem.rpartition(".")
        if not about or kind not in KINDS:
            sys.exit(f"{file.name}: expected ABOUT.KIND.md, KIND one of: {', '.join(KINDS)}")
        found[kind].append(file)
    return found


def section(version: str, day: str, found: dict[str, list[Path]]) -> str:
    """The text of one version."""
    lines = [f"## {version} ({day})", ""]
    for kind, files in found.items():
        if files:
            lines += [f"### {kind.capitalize()}", ""]
            for file in files:
                text = file.read_text(encoding="utf-8").split()
                lines.append(f"- {' '.join(text)}")
            lines.append("")
    return "\n".join(lines)


def main() -> None:
    found = fragments(HERE)
    if len(sys.argv) < 2:
        print(section("next", date.today().isoformat(), found))
        return
    text = section(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else date.today().isoformat(), found)
    old = CHANGELOG.read_text(encoding="utf-8")
    if MARK not in old:
        sys.exit(f"{CHANGELOG.name}: found no line {MARK.strip()!r}, expected where to put the new version")
    CHANGELOG.write_text(old.replace(MARK, f"{MARK}\n{text}", 1), encoding="utf-8")
    for files in found.values():
        for file in files:
            file.unlink()


if __name__ == "__main__":
    main()
