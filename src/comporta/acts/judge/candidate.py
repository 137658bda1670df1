"""A candidate behind the real request path before anything is released: a server in a fresh process.

The parent copies the model's parts into a folder of the step, under keys made for this once, and starts
`python -m comporta.acts.judge.candidate`, which reads what to serve from its standard input and ends when
that closes: however the parent ends, no server is left. Nothing it answers is kept.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from comporta.acts.judge.request_path import RequestPath, answering, lent, watched
from comporta.errors import BadProject, Refused
from comporta.project.reference import resolve
from comporta.project.sources import install_finder
from comporta.records import Artifact, Feedback, Record, Route, Share, Slice, decode, encode
from comporta.serve import LoadedVersion, ModelScores, ObservationJson, serve
from comporta.serve.codes import CANNOT
from comporta.store import Keys, StepContext, derive
from comporta.store.local import LocalStore

PARTS = ("model", "signature", "onnx", "parity", "trial")
NAME = "candidate"
SECONDS = 60.0
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


class CandidateAddress(NamedTuple):
    """Where it answers: `http://127.0.0.1:PORT`, models by the names of their forms. pid: its process.
    failed: forms that it cannot serve, and why."""

    url: str
    pid: int
    folder: Path
    failed: dict[str, str]

    def made(self) -> list[Any]:
        """The features, as frames, that raw requests were turned into since the last look, in order."""
        import polars as pl

        files = sorted(self.folder.glob("made-*.arrow"))
        frames = [pl.read_ipc(file.read_bytes()) for file in files]
        for file in files:
            file.unlink()
        return frames


class Asks(Record, frozen=True, kw_only=True):
    """What the fresh process is told. path: where it imports from. codecs: the classes of the project's own,
    by their names; root: where those are found."""

    folder: str
    keys: Keys
    parts: dict[str, Artifact]
    forms: tuple[str, ...]
    path: tuple[str, ...]
    recorded: bool
    way: RequestPath | None
    made: bool = True
    codecs: tuple[str, ...] = ()
    root: str = ""


@contextlib.contextmanager
def served(
    context: StepContext,
    parts: Mapping[str, Artifact],
    forms: Sequence[str] = (NAME,),
    *,
    recorded: bool = True,
    way: Mapping[str, Any] | None = None,
    tables: Mapping[str, Slice] | None = None,
    code: Artifact | None = None,
    partly: bool = False,
    made: bool = True,
) -> Iterator[CandidateAddress]:
    """A server of these parts until the end of the `with`, ready when it begins.

    forms: one model each, of that name: `candidate` answers as a release would; `native`, `lightgbm`,
    `onnx` in that form. It takes the features, not the raw columns: joins and computed features are before
    it. recorded: whether observations are made of what it answers, as of a release; they are kept nowhere.
    way: a bundle: `candidate` then takes raw requests, joined with these tables, and the address's `made`
    holds the features made of them, unless made is false: to write them down takes time, which what is
    timed must not. code: the source that its functions are of; None: that of today.
    partly: forms that cannot be served are in `failed` of the address. Raises Refused when none can be
    served.
    """
    with tempfile.TemporaryDirectory(prefix="candidate-", dir=context.scratch) as folder:
        keys = derive(secrets.token_bytes(32))
        here = StepContext(store=LocalStore(Path(folder)), keys=keys)
        copied = {
            name: here.put(context.get(parts[name]), parts[name].kind) for name in PARTS if name in parts
        }
        asks = Asks(
            folder=folder,
            keys=keys,
            parts=copied,
            forms=tuple(forms),
            path=tuple(sys.path),
            recorded=recorded,
            way=None if way is None else lent(context, here, way, tables or {}, code),
            made=made,
            codecs=tuple(f"{type(each).__module__}:{type(each).__qualname__}" for each in context.codecs),
            root=str(Path.cwd()),
        )
        process = subprocess.Popen(
            [sys.executable, "-m", main.__module__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin is not None and process.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):  # it ended at once: told below
                process.stdin.write(encode(asks) + b"\n")
                process.stdin.flush()
            url, failed = _tried(process, asks.forms)
            if failed and not partly:
                form = next(iter(failed))
                raise Refused(f"candidate: the form {form!r} cannot be served. {failed[form]}")
            yield CandidateAddress(url, process.pid, Path(folder), failed)
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
            process.stdout.close()


def _tried(process: subprocess.Popen[bytes], forms: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Where it answers, and why it cannot serve which forms, once it has said so of each: to ask it again and
    again would slow its loading."""
    assert process.stdout is not None
    late = threading.Timer(SECONDS, process.kill)
    late.daemon = True
    late.start()
    try:
        lines = [decode(line, str) for line in process.stdout]
        in_time = late.is_alive()
    finally:
        late.cancel()
    failed: dict[str, str] = {}
    for form in forms:
        said = [line.removeprefix(f"{form}: ") for line in lines if line.startswith(f"{form}: ")]
        if not said and in_time:
            raise Refused("candidate: its server ended before it answered; the step's log says why.")
        if not said:
            raise Refused(f"candidate: its server was not ready within {SECONDS:g} seconds.")
        if said[0].startswith(CANNOT.template):
            failed[form] = said[0].removeprefix(CANNOT.template).lstrip()
    return next(found[0] for line in lines if (found := ADDRESS.search(line))), failed


class Kept:
    """A source of the candidate's forms, each a model of one version."""

    def __init__(
        self,
        context: StepContext,
        parts: Mapping[str, Artifact],
        forms: tuple[str, ...],
        way: RequestPath | None = None,
        seen: Callable[[Any], None] | None = None,
        below: Path = Path(),
    ) -> None:
        """way: of the form `candidate`, from raw requests on. seen: is shown the features they
        become, if given. below: where its source may be laid out."""
        self.context, self.parts, self.forms = context, parts, forms
        self.way, self.seen, self.below = way, seen, below

    def routes(self) -> Mapping[str, Route]:
        whole = (Share(version=1, weight=1.0),)
        return {form: Route(model=form, shares=whole, history=()) for form in self.forms}

    def load(self, model: str, number: int) -> LoadedVersion:
        from comporta.train import load_predictor, trial_rows

        predictor = load_predictor(self.context, self._only(model), compiled=model != "native")
        if model not in (NAME, predictor.form):
            raise BadProject(f"candidate: found no form {model!r} that may serve, only {predictor.form!r}.")
        takes = predictor.signature
        if model == NAME and self.way is not None:
            bundle = self.way.bundle
            answer = answering(self.context, self.way, takes, self.below)
            return LoadedVersion(
                model=model,
                number=number,
                signature=takes,
                predict=lambda frame: ModelScores.of(predictor.predict(frame)),
                features=answer if self.seen is None else watched(answer, self.seen),
                test=predictor.self_test,
                requires=bundle.requires,
                time=bundle.shapes[bundle.of].time,
            )
        # Where features are made on the way they come as a frame, not as the request's numbers.
        plain = [field.name for field in takes.raw] == [field.name for field in takes.features]
        return LoadedVersion(
            model=model,
            number=number,
            signature=msgspec.structs.replace(takes, raw=takes.features),
            predict=lambda frame: ModelScores.of(predictor.predict(frame)),
            fast=(lambda rows: ModelScores.of(predictor.fast(rows))) if plain else None,
            test=predictor.self_test,
            probe=trial_rows(predictor),
        )

    def _only(self, form: str) -> Mapping[str, Artifact]:
        """The parts with no other compiled form among them."""
        if form == NAME or "parity" not in self.parts:
            return self.parts
        forms = self.context.get_json(self.parts["parity"], dict[str, dict[str, object]])["forms"]
        one = {name: agreed for name, agreed in forms.items() if name == form}
        return {**self.parts, "parity": self.context.put_json({"forms": one})}


class Nowhere:
    """Keeps nothing."""

    def write(self, model: str, observations: Sequence[ObservationJson]) -> None:
        """Gone."""

    def feedback(self, labels: Sequence[Feedback]) -> None:
        """Gone."""


def main() -> None:
    """The fresh process. What it says goes to its error, and until each form was tried, a line of JSON each,
    to its standard output too."""
    asks = decode(sys.stdin.buffer.readline(), Asks)
    sys.path[:] = asks.path
    install_finder()
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    left = list(asks.forms)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)
        if left:
            out.write(encode(line) + b"\n")
            left[:] = [form for form in left if not line.startswith(f"{form}: ")]
            if not left:
                out.close()

    number = itertools.count()

    def seen(made: Any) -> None:
        made.write_ipc(Path(asks.folder) / f"made-{next(number):09}.arrow")

    own = tuple(resolve(ref, Path(asks.root))() for ref in asks.codecs)
    context = StepContext(store=LocalStore(Path(asks.folder)), keys=asks.keys, codecs=own)
    source = Kept(
        context, asks.parts, asks.forms, asks.way, seen if asks.made else None, Path(asks.folder) / "code"
    )
    sink = Nowhere() if asks.recorded else None
    serve(source, sink, key=asks.keys.unit, port=0, flush=0.1, poll=3600.0, say=say)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
