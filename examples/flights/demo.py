"""The tour: from flight records to a traced prediction, with the commands a person would type.

It works in a folder of its own, `.demo/flights` below the current one, made anew each time.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPORTA = [sys.executable, "-m", "comporta"]


def main() -> None:
    started = time.perf_counter()
    folder = Path(".demo/flights").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("project.py", "replay.py", "README.md"):
        shutil.copy(HERE / name, folder / name)
    say("Will this flight arrive 15 or more minutes late?", "From the records of 2013, New York.")

    step("A key for this project, then everything: data, features, training, gates")
    comporta(folder, "init", ".")
    comporta(folder, "run")

    step("What the gates said, as a page with pictures")
    comporta(folder, "report", "late/1")

    step("Every required gate opened, so it may go live: one act")
    comporta(folder, "release", "late/1", "--by", "you", "--reason", "first version")

    step("Serve it, and replay a week of July over HTTP, labels following")
    port = free_port()
    with server(folder, port):
        sys.path.insert(0, str(folder))
        from replay import replay

        done = replay("127.0.0.1", port)
    rate = done.asked / done.seconds
    print(
        f"  {done.asked:,} flights predicted one by one ({rate:,.0f} a second), {done.told:,} labels told\n"
    )

    step(f"Where did one answer come from? {done.example['flight']}, {done.example['scheduled']}")
    comporta(folder, "trace", done.example["id"])

    step(f"What did one plane touch? {done.example['tailnum']}")
    comporta(folder, "trace", f"subject:{done.example['tailnum']}", "--forward")

    step("Make the model again from the stored data and source, in fresh processes")
    comporta(folder, "reproduce", "late/1")

    step("Run again: the sources have nothing new, so every other step is remembered")
    comporta(folder, "run")

    step("Is all of it as it was written? Comporta checks it, and a stranger who has none")
    comporta(folder, "audit", "verify")
    comporta(folder, "audit", "export", "chain.jsonl")
    stranger(folder, "chain.jsonl")

    say(f"Done in {time.perf_counter() - started:.0f} s. The project is in {nearby(folder)}. Try there:")
    for line in (
        "comporta models              every version, its gates and where it serves",
        "comporta gate late/1 --level audit   the slow checks too",
        "comporta data show weather   what a dataset holds",
        "comporta show RUN            what each step cost, and its log",
        "comporta serve               the model over HTTP",
        "comporta audit verify        the whole history, checked",
    ):
        print(f"  {line}")
    print(f"  (the command is {nearby(Path(sys.executable).parent / 'comporta')})")


def say(*lines: str) -> None:
    print("\n" + "\n".join(lines) + "\n", flush=True)


def step(title: str) -> None:
    print(f"── {title}", flush=True)


def comporta(folder: Path, *words: str) -> None:
    """The command as typed, then what it prints."""
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    print(f"$ comporta {shown}", flush=True)
    done = subprocess.run([*COMPORTA, *words], cwd=folder, check=False)
    if done.returncode:
        raise SystemExit(f"comporta {shown} ended with {done.returncode}")
    print(flush=True)


def stranger(folder: Path, bundle: str) -> None:
    """Fifty lines of Python that know nothing of Comporta, with the project's public key."""
    print(f"$ python verify_bundle.py {bundle} comporta.pub", flush=True)
    asked = [sys.executable, "-I", str(HERE.parents[1] / "docs" / "verify_bundle.py"), bundle, "comporta.pub"]
    if subprocess.run(asked, cwd=folder, check=False).returncode:
        raise SystemExit("the chain is not what was written")
    print(flush=True)


class server:  # noqa: N801 - reads as a verb at its one use
    """`comporta serve` for as long as the block lasts."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def __enter__(self) -> None:
        print(f"$ comporta serve --port {self.port} &", flush=True)
        self.log = (self.folder / "serve.log").open("wb")
        self.process = subprocess.Popen(
            [*COMPORTA, "serve", "--port", str(self.port)], cwd=self.folder, stdout=self.log, stderr=self.log
        )
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/v2/models/late/ready", timeout=1
                ) as reply:
                    if json.loads(reply.read() or b"{}") is not None:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise SystemExit(f"the server did not start:\n{(self.folder / 'serve.log').read_text()}")

    def __exit__(self, *reason: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)
        self.log.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nearby(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
