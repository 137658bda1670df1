"""The page for a team works as written, top to bottom: PostgreSQL, a bucket, a key in a file, a clone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.testing.postgres import running_postgres
from comporta.testing.s3 import running_s3

PAGE = (Path(__file__).parents[2] / "docs/how-to/team.md").read_text()
BLOCK = re.compile(r"^```(toml|console)\n(.*?)^```$", re.S | re.M)
PASSWORD = "pw of the database"


def commands() -> Iterator[tuple[str, list[str]]]:
    """(shell command, the lines that the page shows below it), in the page's order; one writes a file."""
    for kind, text in BLOCK.findall(PAGE):
        if kind == "toml":
            named = re.match(r"# ([\w.]+)\n", text)
            assert named is not None
            yield f"cat > {named[1]} <<'END'\n{text}END", []
            continue
        for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
            command, *shown = part.splitlines()
            yield command, shown


def alike(text: str) -> str:
    """The text without what differs from run to run: numbers, ids, times and blanks."""
    return re.sub(r"\s+", " ", re.sub(r"\b[0-9a-f]*\d[\w.,:-]*", "#", text)).strip()


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What stands on the page → what is there: a database, a bucket, a repository, folders for secrets."""
    secrets, repository = tmp_path / "secrets", tmp_path / "churn.git"
    secrets.mkdir()
    with ExitStack() as stack:
        database = stack.enter_context(running_postgres(PASSWORD))
        endpoint, _ = stack.enter_context(running_s3("known-key-id"))
        (secrets / "ledger").write_text(f"{PASSWORD}\n")
        (secrets / "bucket").write_text(
            "AWS_ACCESS_KEY_ID=known-key-id\nAWS_SECRET_ACCESS_KEY=b\nAWS_REGION=eu-west-1\n"
            f"AWS_ENDPOINT={endpoint}\nAWS_ALLOW_HTTP=true\n"
        )
        yield {
            "postgresql://comporta@db.example.org/comporta": database,
            "s3://models/churn": "s3://bucket/churn",
            "/run/secrets": str(secrets),
            "/secure": str(secrets),
            "https://git.example.org/churn.git": str(repository),
        }


@pytest.mark.soak
def test_the_page_for_a_team_works_from_top_to_bottom(
    places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "churn"
    for name in [name for name in os.environ if name.startswith(("COMPORTA_", "AWS_"))]:
        monkeypatch.delenv(name)
    assert main(["init", str(folder)]) == 0
    told = list(commands())
    script = ["set -e"]
    for number, (command, _) in enumerate(told):
        for stands, there in places.items():
            command = command.replace(stands, there)
        script += [f"echo '@@{number}'", command]
    git = {f"GIT_{who}_{what}": "ana@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    repository = places["https://git.example.org/churn.git"]
    for words in (
        ["init", "--quiet", "--bare", repository],
        ["init", "--quiet", str(folder)],
        ["-C", str(folder), "remote", "add", "origin", repository],
    ):
        subprocess.run(["git", *words], check=True)
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-c", "\n".join(script)], cwd=folder, text=True, timeout=300,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        # In the commands' own processes, which is quicker; other tests have workers.
        env={**os.environ, **git, "PATH": path, "USER": "ana", "COMPORTA_EXECUTOR": "inline://"},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    parts = re.split(r"^@@\d+\n", done.stdout, flags=re.M)[1:]
    for (command, shown), part in zip(told, parts, strict=True):
        for line in shown:
            for piece in line.split("…"):
                assert alike(piece) in alike(part), f"$ {command}\nshows {line!r}, printed:\n{part}"
    assert not (folder / ".comporta/ledger.db").exists() and not (folder / ".comporta/store").exists()
