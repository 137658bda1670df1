"""`[code]` of comporta.toml: what is read of it, and each mistake as one clear error."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from comporta.errors import BadProject
from comporta.project.code_branch import CodeBranch, code_branch
from comporta.project.settings import settings


def said(folder: Path, text: str) -> CodeBranch | None:
    (folder / "comporta.toml").write_text(text)
    settings(folder, {})  # which leaves the table alone
    return code_branch(folder, {})


def test_a_branch_is_a_url_and_a_name(tmp_path: Path) -> None:
    found = said(tmp_path, '[code]\nfrom = "git+https://github.com/acme/churn.git#release/2.x"\n')
    assert found == CodeBranch(url="https://github.com/acme/churn.git", branch="release/2.x")
    assert found.every == timedelta(minutes=1)
    found = said(
        tmp_path, '[code]\nfrom = "git+ssh://git@host/a/b#main"\nfolder = "models/late/"\nevery = "5s"\n'
    )
    assert found == CodeBranch(
        url="ssh://git@host/a/b", branch="main", folder="models/late", every=timedelta(seconds=5)
    )


def test_without_the_table_there_is_none(tmp_path: Path) -> None:
    assert code_branch(tmp_path, {}) is None
    assert said(tmp_path, 'store = "file://store"\n') is None


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    found = code_branch(tmp_path, {"COMPORTA_CODE_FROM": "file:///srv/repo#main"})
    assert found == CodeBranch(url="file:///srv/repo", branch="main")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('code = "main"', "expected a table"),
        ("[code]\nfolder = 'x'", "found no from"),
        ("[code]\nfrom = 3", "found a number, expected text"),
        (
            "[code]\nfrom = 'https://h/r#main'\nbranch = 'x'",
            "found 'branch', expected only from, folder, every",
        ),
        ("[code]\nfrom = 'http://h/r#main'", "begins with one of git\\+https"),
        ("[code]\nfrom = 'ext::sh -c id#main'", "begins with one of"),
        ("[code]\nfrom = 'git@github.com:a/b#main'", "begins with one of"),
        ("[code]\nfrom = 'https://h/r x#main'", "blank"),
        ("[code]\nfrom = 'https:///r#main'", "no host"),
        ("[code]\nfrom = 'ssh://-oProxyCommand=id/r#main'", "no host"),
        ("[code]\nfrom = 'https://u:secret-word@h/r#main'", "password"),
        ("[code]\nfrom = 'https://secret-word@h/r#main'", "names a user before the host"),
        ("[code]\nfrom = 'https://h/r'", "found none as the branch"),
        ("[code]\nfrom = 'https://h/r#'", "as the branch"),
        ("[code]\nfrom = 'https://h/r#--upload-pack=id'", "as the branch"),
        ("[code]\nfrom = 'https://h/r#a..b'", "as the branch"),
        ("[code]\nfrom = 'https://h/r#a b'", "as the branch"),
        ("[code]\nfrom = 'https://h/r#main'\nfolder = '../x'", "expected a folder in the repository"),
        ("[code]\nfrom = 'https://h/r#main'\nfolder = '/x'", "expected a folder in the repository"),
        ("[code]\nfrom = 'https://h/r#main'\nevery = 'often'", "expected a span"),
        ("[code]\nfrom = 'https://h/r#main'\nevery = '0s'", "expected from 1s to 1d"),
    ],
)
def test_each_mistake_is_one_clear_error(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(BadProject, match=expected) as raised:
        said(tmp_path, text)
    assert "secret-word" not in str(raised.value)


def test_the_other_settings_know_no_other_table(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match=r"found 'cod', expected only .*\[code\]"):
        said(tmp_path, "[cod]\nfrom = 'x'")
