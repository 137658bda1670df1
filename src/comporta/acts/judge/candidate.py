"""A candidate behind the real request path before anything is released: a server in a fresh process.

The parent copies the model's parts into a folder of the step, under keys made for this once, and starts
`python -m comporta.acts.judge.candidate_server`. Nothing it answers is kept.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from comporta.acts.judge.candidate_server import LIVE_FILES, NAME, CandidateReady, CandidateTask, main
from comporta.acts.judge.request_path import copy_path
from comporta.errors import Refused
from comporta.records import Artifact, Slice, decode, encode
from comporta.records.features import Bundle
from comporta.store import StepContext, derive
from comporta.store.local import LocalStore

PARTS = ("model", "signature", "onnx", "parity", "trial")
SECONDS = 60.0


class CandidateAddress(NamedTuple):
    """Where it answers: `http://127.0.0.1:PORT`, models by the names of their forms. pid: its process.
    failed: forms that it cannot serve, and why."""

    url: str
    pid: int
    folder: Path
    failed: dict[str, str]

    def take_features(self) -> list[Any]:
        """The features, as frames, that raw requests were turned into since the last call, in order."""
        import polars as pl

        files = sorted(self.folder.glob("features-*.arrow"))
        frames = [pl.read_ipc(file.read_bytes()) for file in files]
        for file in files:
            file.unlink()
        return frames

    def live_files(self) -> tuple[str, ...]:
        """The files of the project that its code was refused so far, by their paths from its folder."""
        kept = self.folder / LIVE_FILES
        lines = kept.read_bytes().splitlines() if kept.exists() else []
        return tuple(dict.fromkeys(decode(line, str) for line in lines))


@contextlib.contextmanager
def serve_candidate(
    context: StepContext,
    parts: Mapping[str, Artifact],
    forms: Sequence[str] = (NAME,),
    *,
    recorded: bool = True,
    bundle: Bundle | None = None,
    tables: Mapping[str, Slice] | None = None,
    code: Artifact | None = None,
    partly: bool = False,
    keep_features: bool = True,
) -> Iterator[CandidateAddress]:
    """A server of these parts until the end of the `with`, ready when it begins.

    forms: one model each, of that name: `candidate` answers as a release would; `native`, `lightgbm`,
    `onnx` in that form. It takes the features, not the raw columns: joins and computed features are before
    it. recorded: whether observations are made of what it answers, as of a release; they are kept nowhere.
    bundle: `candidate` then takes raw requests, joined with these tables, and the features made of
    them can be taken from the address, unless keep_features is false: to write them down takes time, which
    what is timed must not. code: the source that its functions are of; None: that of today.
    partly: forms that cannot be served are in `failed` of the address. Raises Refused when none can be
    served.
    """
    with tempfile.TemporaryDirectory(prefix="candidate-", dir=context.scratch) as folder:
        keys = derive(secrets.token_bytes(32))
        here = StepContext(store=LocalStore(Path(folder)), keys=keys)
        copied = {
            name: here.put(context.get(parts[name]), parts[name].kind) for name in PARTS if name in parts
        }
        task = CandidateTask(
            folder=folder,
            keys=keys,
            parts=copied,
            forms=tuple(forms),
            path=tuple(sys.path),
            recorded=recorded,
            request_path=None if bundle is None else copy_path(context, here, bundle, tables or {}, code),
            keep_features=keep_features,
            codecs=tuple(f"{type(each).__module__}:{type(each).__qualname__}" for each in context.codecs),
            root=str(Path.cwd()),
        )
        process = subprocess.Popen(
            [sys.executable, "-m", main.__module__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended at once: told below
                process.stdin.write(encode(task) + b"\n")
                process.stdin.flush()
            ready = _ready(process)
            failed = {form: ready.failed[form] for form in task.forms if form in ready.failed}
            if failed and not partly:
                form = next(iter(failed))
                raise Refused(f"candidate: the form {form!r} cannot be served. {failed[form]}")
            yield CandidateAddress(ready.url, process.pid, Path(folder), failed)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
            process.stdout.close()


def _ready(process: subprocess.Popen[bytes]) -> CandidateReady:
    """What it says once each form was loaded or has failed: to ask it again and again would slow its loading.
    Raises Refused where it ends before, or takes too long."""
    assert process.stdout is not None
    late = threading.Timer(SECONDS, process.kill)
    late.daemon = True
    late.start()
    try:
        line = process.stdout.readline()
        in_time = late.is_alive()
    finally:
        late.cancel()
    try:
        return decode(line, CandidateReady)
    except msgspec.DecodeError as error:  # a process that ends leaves nothing, or part of a line
        if in_time:
            raise Refused(
                "candidate: its server ended before it answered; the step's log says why."
            ) from error
        raise Refused(f"candidate: its server was not ready within {SECONDS:g} seconds.") from error
