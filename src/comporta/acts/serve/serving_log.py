"""The prediction log of a project: what servers answered and what came true, as datasets like any other."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec.structs import replace

from comporta.acts.serve.lost_rows import LossCounter, logged_models
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.acts.serve.sealing import SEAL_SECONDS, SealScheduler
from comporta.data import (
    SealResult,
    find_prediction,
    log_blocks,
    log_rows,
    scan_feedback,
    scan_predictions,
    seal_feedback,
    seal_predictions,
    slice_of,
)
from comporta.data.dataset_log import read_log
from comporta.data.feedback_log import with_subjects
from comporta.data.json_predictions import (
    find_json_prediction,
    gone_json_predictions,
    move_open,
    scan_json_predictions,
)
from comporta.data.names import log_of
from comporta.data.prediction_log import find_versions, gone_predictions
from comporta.data.row_subjects import SubjectColumn, SubjectColumns, subject_column
from comporta.errors import NotFound
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject
from comporta.records import FEEDBACK, PREDICTIONS, Feedback, Observation, Signature, Slice, Version
from comporta.records.features import Bundle
from comporta.registry import VERSIONS, version_key
from comporta.serve import MetricSample, ObservationBlock, Tally
from comporta.serve.shared_pages import SharedLock

if TYPE_CHECKING:
    import polars as pl


def logs_of(opened: OpenProject) -> list[str]:
    """The datasets that servers write."""
    return [*map(log_of, logged_models(opened)), FEEDBACK]


def signatures_of(opened: OpenProject, model: str) -> Callable[[int], Signature | None]:
    """What each version of the model takes, as far as that is logged, and gives, by its number; None where it
    is not registered."""

    @cache
    def of(number: int) -> Signature | None:
        version = opened.ledger.get(VERSIONS, version_key(model, number))
        if version is None or "signature" not in version.parts:
            return None
        try:
            signature = opened.context.get_json(version.parts["signature"], Signature)
            unlogged = _columns_left_out(opened, version)
        except NotFound:
            return None
        if not unlogged:
            return signature
        return replace(signature, raw=tuple(each for each in signature.raw if each.name not in unlogged))

    return of


def _columns_left_out(opened: OpenProject, version: Version) -> tuple[str, ...]:
    """The columns of its requests that are not logged. Raises NotFound."""
    if "bundle" not in version.parts:
        return ()
    return opened.context.get_json(version.parts["bundle"], Bundle).log_without


def subject_columns(opened: OpenProject, model: str) -> SubjectColumns:
    """Where the requests of the model's versions carry their subject, if they do."""
    taken = signatures_of(opened, model)

    @cache
    def of(number: int) -> SubjectColumn | None:
        version, signature = opened.ledger.get(VERSIONS, version_key(model, number)), taken(number)
        if version is None or signature is None or "bundle" not in version.parts:
            return None
        try:
            way = opened.context.get_json(version.parts["bundle"], Bundle)
        except NotFound:
            return None
        shape = way.shapes[way.of]
        return subject_column(signature, shape.subject, shape.form)

    return of


def find_observation(opened: OpenProject, id: str) -> Observation | None:
    """What was answered under this id, sealed or not."""
    for model in logged_models(opened):
        own = subject_columns(opened, model)
        found = find_prediction(opened.store, opened.keys, log_of(model), model, id, own)
        if found is not None:
            return found
    return find_json_prediction(opened.store, opened.keys, id, partial(subject_columns, opened))


def scan_all_predictions(opened: OpenProject, model: str) -> pl.LazyFrame:
    """Every prediction of a model, sealed and open, also those that earlier releases kept as JSON."""
    import polars as pl

    known, own = signatures_of(opened, model), subject_columns(opened, model)
    frames = [
        scan_predictions(opened.store, opened.keys, log_of(model), known, whose=own),
        *scan_json_predictions(opened.store, opened.keys, model, known, whose=own),
    ]
    return pl.concat(frames, how="diagonal_relaxed").with_columns(model=pl.lit(model))


def scan_all_feedback(opened: OpenProject) -> pl.LazyFrame:
    """Every label that was given, known ids and unknown, with the subject of its prediction; those of
    forgotten subjects are not shown."""
    labels = scan_feedback(opened.store, opened.keys, FEEDBACK, gone=gone_logged_ids(opened))
    return with_subjects(labels, [scan_all_predictions(opened, model) for model in logged_models(opened)])


def gone_logged_ids(opened: OpenProject) -> set[int]:
    """Hashes of the ids of predictions that are not shown, nor what came true of them: their subject is
    forgotten."""
    store, keys = opened.store, opened.keys
    gone = set(read_log(store, keys, PREDICTIONS).gone_ids)
    for model in logged_models(opened):
        own = subject_columns(opened, model)
        gone |= gone_predictions(store, keys, log_of(model), own)
        gone |= gone_json_predictions(store, keys, model, signatures_of(opened, model), own)
    return gone


def gone_ids_in(opened: OpenProject, dataset: str) -> set[int]:
    """The same of one dataset: of one that no server writes, none."""
    return gone_logged_ids(opened) if dataset in (PREDICTIONS, *logs_of(opened)) else set()


def log_seals(opened: OpenProject) -> Iterator[tuple[str, Callable[[], SealResult | None]]]:
    """Every log by name, and how its open rows become a version with a fact of it."""

    store, keys, clock = opened.store, opened.keys, opened.clock

    def follow(dataset: str, act: Callable[[Path], SealResult | None]) -> SealResult | None:
        with tempfile.TemporaryDirectory(prefix="comporta-seal-") as folder:
            done = act(Path(folder))
        follow_one(opened, dataset)
        return done

    def of(model: str) -> SealResult | None:
        known, own, dataset = signatures_of(opened, model), subject_columns(opened, model), log_of(model)
        return follow(
            dataset,
            lambda scratch: seal_predictions(
                store, keys, dataset, known, whose=own, now=clock(), scratch=scratch
            ),
        )

    def labels() -> SealResult | None:
        return follow(
            FEEDBACK, lambda scratch: seal_feedback(store, keys, FEEDBACK, now=clock(), scratch=scratch)
        )

    yield PREDICTIONS, partial(move_open, store, keys)
    for model in logged_models(opened):
        yield log_of(model), partial(of, model)
    yield FEEDBACK, labels


def seal_all(opened: OpenProject) -> None:
    """Versions of what is open in the logs, and facts of them. Raises what the first that fails raises."""
    for _, act in log_seals(opened):
        act()


def newest_logs(opened: OpenProject, models: Sequence[str]) -> SealedLogs | None:
    """What was answered by these models and what came true, sealed; None where nothing was."""

    def newest(dataset: str) -> Iterator[Slice]:
        if read_log(opened.store, opened.keys, dataset).versions:
            yield slice_of(opened.store, opened.keys, dataset)

    labels = next(newest(FEEDBACK), None)
    requests = {model: (*newest(log_of(model)), *newest(PREDICTIONS)) for model in models}
    if labels is None or not any(requests.values()):
        return None
    return SealedLogs(requests=requests, labels=labels)


class PredictionLog:
    """Where one server process writes. Open rows become a version every five minutes and at the end.

    sealing: held by the one of several processes that seals; None: this one does."""

    def __init__(
        self,
        opened: OpenProject,
        *,
        every: float = SEAL_SECONDS,
        sealing: SharedLock | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self._opened = opened
        self._process = f"{os.getpid():08d}-{secrets.token_hex(6)}"
        self._flushes: Counter[str] = Counter()
        self._ending = threading.Event()
        self._lock = sealing
        self._sealing = SealScheduler(
            lambda: log_seals(opened),
            every=every,
            clock=opened.clock,
            say=say,
            may=(lambda: True) if sealing is None else sealing.take,
        )
        self._losses = LossCounter(opened, self._process, say)
        self._sealer = threading.Thread(target=self._seal, name="comporta-seal", daemon=True)

    @property
    def tally(self) -> Tally:
        """Where the server counts what it answers: the next process reads it, should this one be killed."""
        return self._losses.tally

    def samples(self) -> Sequence[MetricSample]:
        """What `/metrics` says of the log beside what the server knows."""
        return (*self._sealing.samples(), *self._losses.samples())

    def write(self, model: str, observations: Sequence[ObservationBlock]) -> None:
        """Durable when it returns. Raises StorageFull, OSError."""
        dataset = log_of(model)
        log_blocks(self._opened.store, dataset, self._process, self._next_flush(dataset), observations)

    def feedback(self, labels: Sequence[Feedback]) -> None:
        """Durable when it returns. Raises StorageFull, OSError."""
        log_rows(self._opened.store, FEEDBACK, self._process, self._next_flush(FEEDBACK), labels)

    def signatures(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        """Raises NotFound, Tampered, OSError."""
        return {
            id: (model, taken)
            for model in logged_models(self._opened)
            for id, taken in self._signatures_of(model, ids)
        }

    def _signatures_of(self, model: str, ids: Sequence[str]) -> Iterator[tuple[str, Signature]]:
        taken = signatures_of(self._opened, model)
        numbers = find_versions(self._opened.store, self._opened.keys, log_of(model), ids)
        for id, number in numbers.items():
            if (found := taken(number)) is not None:
                yield id, found

    def _next_flush(self, dataset: str) -> int:
        # A number is used once: what failed may lie there all the same, and would keep the next try's out.
        n = self._flushes[dataset]
        self._flushes[dataset] += 1
        return n

    def __enter__(self) -> PredictionLog:
        self._losses.begin()
        self._sealer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._sealer.join()
        # Each process seals at its end what it wrote: the others may have ended before it.
        with nullcontext() if self._lock is None else self._lock.hold():
            self._sealing.turn(all_of_them=True)
        self._losses.end()

    def _seal(self) -> None:
        while not self._ending.wait(self._sealing.pause()):
            self._sealing.turn()
