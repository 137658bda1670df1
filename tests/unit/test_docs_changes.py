import shutil
import subprocess
import sys
from pathlib import Path

CHANGES = Path(__file__).parents[2] / "changes"


def collect(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "changes" / "collect.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_fragments_become_a_section_above_the_older_ones(tmp_path):
    shutil.copytree(CHANGES, tmp_path / "changes")
    shutil.copy(CHANGES.parent / "CHANGELOG.md", tmp_path)
    (tmp_path / "changes" / "one-thing.fixed.md").write_text("One thing\nworks.\n")
    assert "- One thing works." in collect(tmp_path).stdout
    assert collect(tmp_path, "0.2.0", "2026-12-01").returncode == 0
    assert not list((tmp_path / "changes").glob("*.md"))
    (tmp_path / "changes" / "later.added.md").write_text("Later.\n")
    collect(tmp_path, "0.3.0", "2026-12-02")
    text = (tmp_path / "CHANGELOG.md").read_text()
    assert (
        text.index("## 0.3.0 (2026-12-02)") < text.index("## 0.2.0 (2026-12-01)") < text.index("- One thing")
    )


def test_a_fragment_with_another_name_is_refused(tmp_path):
    shutil.copytree(CHANGES, tmp_path / "changes")
    (tmp_path / "changes" / "notes.md").write_text("What?\n")
    done = collect(tmp_path)
    assert done.returncode == 1 and "notes.md: expected ABOUT.KIND.md" in done.stderr
