"""The fresh process of a candidate's server: it reads what to serve from its standard input, and ends when
that closes: however the parent ends, no server is left."""

from __future__ import annotations

import itertools
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from comporta.acts.judge.request_path import RequestPath, answering, show_first
from comporta.errors import BadProject
from comporta.opened.live_files import live_folder, refuse_live_data
from comporta.project.reference import resolve
from comporta.project.sources import install_finder
from comporta.records import Artifact, Feedback, Record, Route, Share, Signature, decode, encode
from comporta.records.export import ExportAgreement
from comporta.serve import LoadedVersion, ModelScores, ObservationBlock, serve
from comporta.store import Keys, StepContext
from comporta.store.local import LocalStore

NAME = "candidate"
"""The form that answers as a release would."""
LIVE_FILES = "live-files"
"""The file in a candidate's folder with the files of the project that its code was refused, one a line."""


class CandidateTask(Record, frozen=True, kw_only=True):
    """What the fresh process is to serve. path: where it imports from. recorded: whether observations are
    made of what it answers. request_path: from raw requests on, for the form `candidate`. keep_features:
    whether it writes down what raw requests become. codecs: the classes of the project's own, by their names;
    root: where those are found."""

    folder: str
    keys: Keys
    parts: dict[str, Artifact]
    forms: tuple[str, ...]
    path: tuple[str, ...]
    recorded: bool
    request_path: RequestPath | None
    keep_features: bool = True
    codecs: tuple[str, ...] = ()
    root: str = ""


class CandidateReady(Record, frozen=True, kw_only=True):
    """Said once. url: where it answers. failed: forms that it cannot serve, and why."""

    url: str
    failed: dict[str, str]


class CandidateSource:
    """A source of the candidate's forms, each a model of one version."""

    def __init__(
        self,
        opens: Callable[[], StepContext],
        parts: Mapping[str, Artifact],
        forms: tuple[str, ...],
        request_path: RequestPath | None = None,
        on_features: Callable[[Any], None] | None = None,
        below: Path = Path(),
    ) -> None:
        """opens: gives the context, with the classes of the project's own; what that raises, each form fails
        by. request_path: of the form `candidate`, from raw requests on. on_features: called with the features
        they become. below: where its source may be laid out."""
        self._opens, self.parts, self.forms = opens, parts, forms
        self.request_path, self.on_features, self.below = request_path, on_features, below

    @cached_property
    def context(self) -> StepContext:
        """Where the parts lie."""
        return self._opens()

    def mark(self) -> object:
        return None

    def routes(self) -> Mapping[str, Route]:
        whole = (Share(version=1, weight=1.0),)
        return {form: Route(model=form, shares=whole, history=()) for form in self.forms}

    def load(self, model: str, number: int) -> LoadedVersion:
        from comporta.train import load_predictor, trial_rows

        predictor = load_predictor(self.context, self._only(model), compiled=model != "native", by_size=True)
        if model not in (NAME, predictor.form):
            raise BadProject(f"candidate: found no form {model!r} that may serve, only {predictor.form!r}.")
        takes = predictor.signature
        if model == NAME and self.request_path is not None:
            bundle = self.request_path.bundle
            answer = answering(self.context, self.request_path, takes, self.below)
            return LoadedVersion(
                model=model,
                number=number,
                signature=takes,
                predict=lambda frame: ModelScores.of(predictor.predict(frame)),
                features=answer if self.on_features is None else show_first(answer, self.on_features),
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
        forms = self.context.get_json(self.parts["parity"], ExportAgreement).forms
        one = {name: agreed for name, agreed in forms.items() if name == form}
        return {**self.parts, "parity": self.context.put_json(ExportAgreement(forms=one))}


class DiscardingSink:
    """A sink of observations and labels that keeps none."""

    def write(self, model: str, observations: Sequence[ObservationBlock]) -> None:
        """Gone."""

    def feedback(self, labels: Sequence[Feedback]) -> None:
        """Gone."""

    def signatures(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        """None is known."""
        return {}


def main() -> None:
    """The fresh process. What it says goes to its error; to its standard output goes one line, when each form
    was loaded or has failed: a `CandidateReady`."""
    task = decode(sys.stdin.buffer.readline(), CandidateTask)
    sys.path[:] = task.path
    install_finder()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def on_ready(url: str, failed: Mapping[str, str]) -> None:
        with out:
            out.write(encode(CandidateReady(url=url, failed=dict(failed))) + b"\n")

    refused = Path(task.folder) / LIVE_FILES

    def on_live_file(name: str) -> None:
        with refused.open("ab") as lines:
            lines.write(encode(name) + b"\n")

    # Whatever is not installed is of the version here: each of its modules will be kept, wherever it lies.
    refuse_live_data(Path("/"), live_folder(Path(task.root)), on_live_file)
    number = itertools.count()

    def write_features(frame: Any) -> None:
        frame.write_ipc(Path(task.folder) / f"features-{next(number):09}.arrow")

    def opens() -> StepContext:
        own = tuple(resolve(ref, Path(task.root))() for ref in task.codecs)
        return StepContext(store=LocalStore(Path(task.folder)), keys=task.keys, codecs=own)

    source = CandidateSource(
        opens,
        task.parts,
        task.forms,
        task.request_path,
        write_features if task.keep_features else None,
        Path(task.folder) / "code",
    )
    serve(
        source,
        DiscardingSink() if task.recorded else None,
        key=task.keys.unit,
        port=0,
        flush=0.1,
        poll=3600.0,
        on_ready=on_ready,
        say=lambda line: print(line, file=sys.stderr, flush=True),
    )


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
