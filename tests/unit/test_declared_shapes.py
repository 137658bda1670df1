"""Whose file tells what is personal by now, where the code comes from a branch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from comporta.errors import BadProject
from comporta.opened import declared_shapes
from comporta.opened.declared_shapes import DeclaredShapes
from comporta.opened.deployed import CurrentCode, checkout_folder, code_file
from comporta.project.code_branch import code_branch
from comporta.records import encode


def test_it_is_the_current_commit_s_and_never_that_of_the_folder_that_people_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "comporta.toml").write_text('[code]\nfrom = "git+file:///srv/r#main"\nfolder = "churn"\n')
    branch = code_branch(tmp_path, {})
    assert branch is not None
    run: list[Path] = []
    monkeypatch.setattr(declared_shapes, "_run", lambda file: run.append(file) or {})
    opened = SimpleNamespace(home=tmp_path, file=tmp_path / "project.py")
    shapes = DeclaredShapes(opened)  # type: ignore[arg-type]
    with pytest.raises(BadProject, match="has loaded yet"):
        shapes.read()
    files = []
    for commit in ("a" * 40, "b" * 40):
        files.append(checkout_folder(tmp_path, commit) / "churn" / "project.py")
        files[-1].parent.mkdir(parents=True)
        files[-1].touch()
        code_file(tmp_path).parent.mkdir(parents=True, exist_ok=True)
        code_file(tmp_path).write_bytes(encode(CurrentCode(source=branch.display_text, commit=commit)))
        shapes.read()
        shapes.read()
    assert run == files
