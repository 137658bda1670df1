"""A trained version in one's hands: its verdicts, its figures and rows as frames, and its predictions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from comporta.acts.judge import version_frames
from comporta.acts.release.release import version_view
from comporta.acts.serve.score import load_version, score_frame
from comporta.api.boundary import explaining_errors
from comporta.api.frames import Frames, as_polars
from comporta.opened.people import with_names
from comporta.opened.project import OpenProject
from comporta.opened.sentences import sentence
from comporta.records import Signature, Verdict, Version
from comporta.report import ReportedVerdict
from comporta.report.fragment import verdict_table
from comporta.report.lists import commit_text, gates_text

if TYPE_CHECKING:
    from comporta.acts.environment.build import VersionEnvironment
    from comporta.serve import LoadedVersion

Opens = Callable[[], AbstractContextManager[OpenProject]]
"""Opens the project once more: each thing that is asked of a version reads the store when it is asked."""


class TrainedVersion:
    """One version of a model. version: its record. A notebook shows it as its verdicts."""

    def __init__(self, version: Version, opens: Opens) -> None:
        self.version, self._opens = version, opens

    @property
    def id(self) -> str:
        """`late/3`"""
        return self.version.id

    @property
    def state(self) -> str:
        """`candidate`, `passed`, `refused`, `approved`, `released` or `retired`."""
        return self.version.state

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What each check said."""
        return self.version.verdicts

    @property
    def releasable(self) -> bool:
        """Whether no check blocks its release."""
        return not self.version.blocking_verdicts(datetime.now(UTC))

    def checks(self) -> pl.DataFrame:
        """A row for each check: `outcome`, `blocks`, the figure with its interval, `limit`, `reason`."""
        return version_frames.verdicts_frame(self._verdict_rows())

    def metrics(self) -> pl.DataFrame:
        """A row for each metric on the test rows, overall (`slice` is empty) and by slice, with its interval.

        Raises NotFound, Tampered.
        """
        with self._opens() as opened:
            return version_frames.metrics_frame(opened, self.id)

    def evidence(self, check: str) -> Frames:
        """What a check rests on, by name: `figures`, and each table under its title. check: id or title.

        Raises NotFound.
        """
        with self._opens() as opened:
            return Frames(version_frames.evidence_frames(opened, self.id, check))

    def training_rows(self) -> pl.DataFrame:
        """The rows it learned from: `__key`, `__at`, `__target` and features. Raises NotFound, Tampered."""
        return self._part("train")

    def test_rows(self) -> pl.DataFrame:
        """The rows it was judged on, with the same columns. Raises NotFound, Tampered."""
        return self._part("test")

    def predictions(self) -> pl.DataFrame:
        """The test rows with what it answered. Raises NotFound, Tampered."""
        return self._part("predictions")

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""
        return self._in_memory.signature

    def predict(self, frame: pl.DataFrame | pl.LazyFrame | Any) -> pl.DataFrame:
        """An answer for each row, in order: `label` and `probability`, or `prediction` for a regression.

        frame: what a request carries (`Features.known`), polars or pandas; slower tables are joined as they
        were known at each row's time, which is now where it has none, and features are computed. With two
        classes `probability` is that of the second; with more there is a column `probability CLASS` for each.
        Raises BadData on missing columns, Tampered.
        """
        with explaining_errors():
            return score_frame(self._in_memory, as_polars(frame), now=datetime.now(UTC))

    def env(self) -> VersionEnvironment:
        """The libraries that it was made with, built by its lock with uv: `comporta env`. It answers from
        there where those installed do not do. Raises NotFound, Tampered, MissingExtra, BadProject."""
        from comporta.acts.environment.build import build_environment

        with self._opens() as opened:
            return build_environment(opened, self.id)

    @cached_property
    def _in_memory(self) -> LoadedVersion:
        with self._opens() as opened:
            return load_version(opened, self.id)[1]

    def _part(self, part: version_frames.Part) -> pl.DataFrame:
        with self._opens() as opened:
            return version_frames.part_frame(opened, self.id, part)

    def _verdict_rows(self) -> tuple[ReportedVerdict, ...]:
        with self._opens() as opened:
            return version_frames.reported_verdicts(opened, self.version)

    def __repr__(self) -> str:
        passed, required, blocking = verdict_counts(self.version)
        counts = f": {passed}/{required} required checks passed" if required else ""
        return f"<{self.id} {self.state}{counts}{f', {blocking} blocking' if blocking else ''}>"

    def _repr_html_(self) -> str:
        read = ", ".join(f"{each.dataset}@{each.number} ({each.rows:,} rows)" for each in self.version.read)
        note = f"learned from {read}" if read else ""
        return verdict_table(self._verdict_rows(), f"{self.id}, {self.state}", note, sentence)


def trained_version(opened: OpenProject, name: str, opens: Opens) -> TrainedVersion:
    """The version of this name. Raises NotFound."""
    return TrainedVersion(with_names(opened, version_view(opened, name))[0], opens)


def version_row(each: TrainedVersion) -> tuple[object, ...]:
    """What a list of versions shows of one, under `VERSION_COLUMNS`."""
    made = each.version
    gates = sentence(gates_text(made, datetime.now(UTC)))
    return each.id, each.state, gates, made.at, commit_text(made), made.run


def verdict_counts(version: Version) -> tuple[int, int, int]:
    """How many required checks passed, of how many, and how many checks block its release now."""
    required = [each for each in version.verdicts if each.required]
    passed = sum(not each.blocks for each in required)
    return passed, len(required), len(version.blocking_verdicts(datetime.now(UTC)))
