"""Every example runs: ```python blocks of every page, and the `$` lines of pages marked `<!-- run -->`.

A page marked `<!-- run: leaving -->` goes on from the project that `comporta init` makes, run once.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.S | re.M)
MARK = re.compile(r"<!-- run(?:: (\w+))? -->\n")
FILE = re.compile(r"# ([\w/.-]+\.(?:py|toml|csv))\n")
SECONDS = 180

# What the pages need of curl, so that a machine without it can run the tests; waits until the server answers.
CURL = """
import sys, time, urllib.error, urllib.request
words, headers, data, url = iter(sys.argv[1:]), {}, None, ""
for word in words:
    if word == "-H":
        name, _, value = next(words).partition(":")
        headers[name] = value.strip()
    elif word == "-d":
        data = next(words).encode()
    elif not word.startswith("-"):
        url = word if "://" in word else "http://" + word
for _ in range(600):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            print(answer.read().decode())
            sys.exit(0)
    except urllib.error.HTTPError as error:
        if error.code == 503:
            time.sleep(0.1)
            continue
        print(error.read().decode())
        sys.exit(22)
    except OSError:
        time.sleep(0.1)
sys.exit(7)
"""


def blocks(page: Path, kind: str) -> list[tuple[int, str]]:
    """(line, text) of the page's blocks of this kind. line: of the text's first, from 1."""
    text = page.read_text()
    found = [match for match in BLOCK.finditer(text) if match[1] == kind]
    return [(text.count("\n", 0, match.start(2)) + 1, match[2]) for match in found]


def write_files(page: Path, folder: Path) -> None:
    """A block that begins with a comment such as `# project.py` is written to that file, before any runs."""
    for _, text in blocks(page, "python"):
        if named := FILE.match(text):
            file = folder / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)


def script(page: Path, folder: Path) -> Path:
    """The page's other examples as one file, each on its own line of the page, so that an error names that
    line."""
    lines = [""] * (page.read_text().count("\n") + 1)
    for first, text in blocks(page, "python"):
        if FILE.match(text):
            continue
        for number, line in enumerate(text.splitlines(), first - 1):
            lines[number] = line
    file = folder.parent / "page.py"
    file.write_text("\n".join(lines))
    return file


def environment(folder: Path, **variables: str) -> dict[str, str]:
    tools = folder.parent / "tools"
    tools.mkdir(exist_ok=True)
    curl = tools / "curl"
    curl.write_text(f"#!{sys.executable}\n{CURL}")
    curl.chmod(0o755)
    here = Path(sys.executable).parent
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    return {**clean, "PATH": f"{tools}:{here}:{os.environ['PATH']}", "USER": "ana", **variables}


def run(command: list[str], folder: Path, **variables: str) -> str:
    """What it printed. Everything it started is ended with it."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(folder, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, f"{command[-1]}\n{said}"
    return said


def project_with_key(folder: Path) -> None:
    """A page's project has the key that `comporta init .` would make."""
    if (folder / "project.py").exists():
        run([str(Path(sys.executable).parent / "comporta"), "init", "."], folder)


def console(page: Path, port: int) -> tuple[str, list[tuple[str, list[str]]]]:
    """The page's commands as one shell script, and what is shown below each."""
    lines, shown = ["set -e"], []
    for _, text in blocks(page, "console"):
        for line in text.splitlines():
            if line.startswith("$ "):
                shown.append((line[2:], []))
            else:
                shown[-1][1].append(line)
    for number, (command, _) in enumerate(shown):
        lines.append(f"echo '@@{number}'")
        command = command.replace("localhost:8080", f"localhost:{port}")
        if command.startswith("comporta serve"):
            # Its log is not what the page shows, and must not keep the pipe open.
            command = f"{command.removesuffix('&')} --port {port} > serve.log 2>&1 &"
        lines.append(command)
    return "\n".join(lines), shown


def alike(text: str) -> str:
    """The text without what differs from run to run: numbers, ids, times and blanks."""
    return re.sub(r"\s+", " ", re.sub(r"\b[0-9a-f]*\d[\w.,:-]*", "#", text)).strip()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def leaving(tmp_path_factory) -> Path:
    """The project of the quickstart, after its run."""
    folder = tmp_path_factory.mktemp("docs")
    comporta = str(Path(sys.executable).parent / "comporta")
    run([comporta, "init", "first"], folder)
    run([comporta, "run"], folder / "first")
    return folder / "first"


INLINE = ("own-data.md",)
"""Pages whose commands run steps in their own process: what workers do is seen on the others."""
LONG = ("audit.md", "release.md", "own-data.md", "serve.md")
"""Pages whose projects are run several times, or that start a server: README and the quickstart do both."""


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.soak] if page.name in LONG else [])
        for page in PAGES
        if blocks(page, "python") or MARK.match(page.read_text())
    ],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_example_of_a_page_runs(page, tmp_path, request):
    folder = tmp_path / "page"
    if marked := MARK.match(page.read_text()):
        if marked[1]:
            shutil.copytree(request.getfixturevalue(marked[1]), folder)
        else:
            folder.mkdir()
        write_files(page, folder)
        bash = shutil.which("bash")
        assert bash is not None
        text, shown = console(page, free_port())
        quicker = {"COMPORTA_EXECUTOR": "inline://"} if page.name in INLINE else {}
        said = run([bash, "-c", f"{text}\n"], folder, **quicker)
        parts = re.split(r"^@@\d+\n", said, flags=re.M)[1:]
        for (command, expected), part in zip(shown, parts, strict=True):
            for line in expected:
                for piece in line.split("…"):
                    assert alike(piece) in alike(part), f"$ {command}\nshows {line!r}, printed:\n{part}"
    folder.mkdir(exist_ok=True)
    if blocks(page, "python"):
        write_files(page, folder)
        file = script(page, folder)
        project_with_key(folder)
        # In one process, which is quicker; the commands of the quickstart have workers.
        run([sys.executable, str(file)], folder, COMPORTA_EXECUTOR="inline://", PYTHONPATH=str(folder))
