"""A declared project that can be asked: the same acts as on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from comporta import project as declared
from comporta.api.boundary import explaining_errors
from comporta.api.progress import run_progress
from comporta.api.until import end_of
from comporta.errors import BadProject
from comporta.project.once import not_inside_a_run
from comporta.project.variation import Variation, run_command, vary

if TYPE_CHECKING:
    from threading import Event

    from comporta.acts.data.feature_uses import FeatureUse
    from comporta.acts.predict.job import BatchResult
    from comporta.acts.release.release import Rollback
    from comporta.acts.reproduce.reproduce import Reproduction
    from comporta.api.comparison import VersionComparison
    from comporta.api.data import ProjectData
    from comporta.api.jobs import ProjectJobs
    from comporta.api.listing import Listing
    from comporta.api.model import TrainedVersion
    from comporta.api.releases import PlannedRelease, ProjectReleases
    from comporta.api.results import ProjectCheck, ProjectRun, RunSteps, Trace, VersionReport
    from comporta.opened.people import Member
    from comporta.opened.project import OpenProject
    from comporta.records import Level, Release, Run

Progress = Callable[[str, str, float], None]


class Project(declared.ProjectDeclaration, frozen=True):
    """All that a team declares: one value in one Python file, `project = Project(...)` in `project.py`.

    Its methods do what the commands of the same names do, and raise what those print. What they return shows
    itself, drawn in a notebook.

    name: of the project.
    models: what is trained, gated, released and served; their datasets belong to it too.
    datasets: other datasets, which no model reads.
    root: the folder of `comporta.toml` and the project file; None: the folder of the file it is loaded from,
        or the current one.
    people: who does what; only some roles may approve a version or waive a check. Empty: everybody may.
    executor: makes what runs the steps, in place of the URL in `comporta.toml`; None: by that URL.
    proven: acts that a name alone is not enough for: `("release", "waive")` asks for a person's key.
    schedules: what is asked for by itself when its time comes.

    >>> from comporta import Dataset, Person
    >>> weather = Dataset("weather", "weather/*.parquet", key=("city", "hour"))
    >>> project = Project("airport", datasets=(weather,), people=(Person("ana", "validator"),))
    >>> list(project.tables()), project.person("Ana").role
    (['weather'], 'validator')
    """

    def check(self, level: Literal["", "commit"] = "", *, progress: Progress | None = None) -> ProjectCheck:
        """Every error of the declaration, with file and line: `comporta check`.

        level: `commit`: where there is none, each model is fitted on a sample and judged by its quick gates.
        progress: as in `run`. Raises BadProject, StepFailed, ExpectationBroken, SchemaChanged.
        """
        from comporta.acts.build.commit_checks import check_on_sample
        from comporta.acts.build.project_check import find_faults
        from comporta.api.results import ProjectCheck

        if level not in ("", "commit"):
            raise BadProject(f"level: found {level!r}, expected commit; deeper: project.run, project.gate.")
        with self._works(progress) as (opened, report):
            faults = find_faults(opened)
            if faults or not level:
                return ProjectCheck(faults)
            sample = check_on_sample(opened, progress=report)
            if sample.failure is not None:
                raise sample.failure
            return ProjectCheck((), sample.models)

    def run(
        self,
        *models: str,
        params: Mapping[str, Any] = {},
        settings: Mapping[str, Any] = {},
        progress: Progress | None = None,
    ) -> ProjectRun:
        """Read the data, train what changed, judge it: `comporta run`. models: names; none: all.

        params, settings: other parameters of `fit` and other settings of the models than are declared, for
        this run: `{"depth": 8}`, `{"seed": 3}`, `{"late.seed": 3}` of one model; as `--param` and `--set`.
        progress: called with each step's name, its state, and the seconds since the start; None: in a
        terminal or a notebook a bar, from two seconds on. Raises StepFailed, ExpectationBroken,
        SchemaChanged, BadProject; of several models those that could be built are judged and registered
        before.
        """
        from comporta.acts.build.run import run
        from comporta.acts.rollout.passed import begin_passed
        from comporta.api.model import TrainedVersion
        from comporta.api.results import ProjectRun

        other = Variation(params=dict(params), settings=dict(settings))
        varied = partial(vary, models=models, variation=other)
        with self._works(progress, varied) as (opened, report):
            done = run(opened, models, progress=report, command=run_command(models, other))
            if done.failure is not None:
                raise done.failure
            begin_passed(opened, done.versions)
            versions = tuple(TrainedVersion(each, self._opens) for each in done.versions)
            return ProjectRun(done.run, versions, done.fresh, done.datasets)

    def runs(self, limit: int = 20) -> Listing[Run]:
        """The latest runs, newest first: `comporta runs`. reason: why one did not end well."""
        from comporta.acts.build.run_views import runs
        from comporta.acts.release.version_of_commit import versions_of_run
        from comporta.api.listing import Listing
        from comporta.opened.sentences import sentence
        from comporta.report.lists import RUN_COLUMNS, steps_text

        def row(run: Run) -> tuple[object, ...]:
            took = None if run.ended is None else run.ended - run.started
            steps, led_to = sentence(steps_text(run)), " ".join(versions[run.id])
            reason = sentence(run.reason)
            return run.id, run.command, run.started, took, run.outcome, steps, led_to, reason

        with self._opens() as opened:
            found = runs(opened, limit)
            versions = {run.id: [each.id for each in versions_of_run(opened, run)] for run in found}
        return Listing(found, title="runs", columns=(*RUN_COLUMNS, "reason"), row=row)

    def show(self, run: str) -> RunSteps:
        """One run: each step with its cost, and what it printed: `comporta show`. run: its id, or how that
        begins. Raises NotFound."""
        from comporta.acts.build.run_views import run_of
        from comporta.api.results import RunSteps

        with self._opens() as opened:
            return RunSteps(run_of(opened, run))

    def gate(
        self, version: str, *, level: Level = "release", progress: Progress | None = None
    ) -> TrainedVersion:
        """A version judged by the gates as they are now: `comporta gate`. Its verdicts say why.

        level: `release`, or `audit` for the slow checks too. progress: as in `run`.
        Raises NotFound, BadProject.
        """
        from comporta.acts.judge.gate import gate
        from comporta.api.model import TrainedVersion
        from comporta.records import LEVELS

        if level not in LEVELS[1:]:
            raise BadProject(f"level: found {level!r}, expected {' or '.join(LEVELS[1:])}.")
        with self._works(progress) as (opened, report):
            return TrainedVersion(gate(opened, version, level=level, progress=report).version, self._opens)

    def versions(self, model: str = "") -> Listing[TrainedVersion]:
        """The versions of each model, or of one, newest first: `comporta models`. Raises NotFound."""
        from comporta.acts.release.release import models, version_of
        from comporta.api.listing import Listing
        from comporta.api.model import TrainedVersion, version_row
        from comporta.opened.conceal import reveal_version
        from comporta.opened.people import with_names
        from comporta.report.lists import VERSION_COLUMNS

        with self._opens() as opened:
            newest = version_of(opened, model).model if model else ""
            known = [each for each in models(opened) if newest in ("", each.model)]
            named = with_names(opened, *(reveal_version(opened, each) for each in known))
            found = [TrainedVersion(each, self._opens) for each in named]
        return Listing(found, title="versions", columns=VERSION_COLUMNS, row=version_row)

    def model(self, version: str) -> TrainedVersion:
        """A trained version: `late/3`, `late` for its newest, `late@champion`. Raises NotFound."""
        from comporta.api.model import trained_version

        with self._opens() as opened:
            return trained_version(opened, version, self._opens)

    def report(self, version: str) -> VersionReport:
        """The verdicts of a version with their pictures, as a page that can be written: `comporta report`.
        Raises NotFound."""
        from comporta.acts.judge.report import presentation, report
        from comporta.api.results import VersionReport

        with self._opens() as opened:
            found = report(opened, version)
            return VersionReport(found, presentation(opened, found.version.model).drawings)

    def compare(self, a: str, b: str, *more: str) -> VersionComparison:
        """What differs between versions of a model, two or more: `comporta compare`. Raises NotFound."""
        from comporta.acts.judge.compare_several import compare_several
        from comporta.acts.judge.report import compare
        from comporta.api.comparison import VersionComparison

        with self._opens() as opened:
            several = compare_several(opened, (a, b, *more))
            first, second, *_ = (each.id for each in several.versions)
            return VersionComparison(several, None if more else compare(opened, first, second))

    def waive(self, version: str, check: str, *, reason: str, until: date, by: str = "") -> TrainedVersion:
        """Let one check of a version not count until a day, in your name: `comporta waive`.

        check: its id or title. until: the last day it counts, or a time with its zone. by: empty: the name
        you are logged in with. Raises NotFound, Refused, BadProject.
        """
        from comporta.acts.judge.waive import waive
        from comporta.api.model import TrainedVersion

        with self._opens(works=True) as opened:
            waived = waive(opened, version, check, by=by, reason=reason, until=end_of(until))
            return TrainedVersion(waived, self._opens)

    def approve(self, version: str, *, by: str = "", role: str = "", reason: str = "") -> TrainedVersion:
        """Approve a version for release, in your name: `comporta approve`. by: empty: the name you are logged
        in with. role: as claimed, where the project declares nobody. Raises NotFound, Refused, BadProject."""
        from comporta.acts.release.release import approve
        from comporta.api.model import TrainedVersion

        with self._opens() as opened:
            approved = approve(opened, version, by=by, role=role, reason=reason)
            return TrainedVersion(approved, self._opens)

    def release(
        self, version: str, *, at_once: bool = False, by: str = "", reason: str = ""
    ) -> Release | PlannedRelease:
        """Begin a version's release by its model's plan; where it declares none, give the version all
        traffic: `comporta release`. at_once: all traffic now, whatever the plan says. by: empty: the name
        you are logged in with. Raises NotFound, Refused.
        """
        from comporta.api.releases import release_version

        return release_version(self._opens, version, at_once, by, reason)

    @property
    def releases(self) -> ProjectReleases:
        """Releases by plan, those under way and those that ended: `comporta releases`."""
        from comporta.api.releases import ProjectReleases

        return ProjectReleases(self._opens)

    def rollback(self, model: str, *, by: str = "", reason: str = "") -> Rollback:
        """Give all traffic back to the previous version: `comporta rollback`. Raises NotFound, Refused."""
        from comporta.acts.release.release import rollback

        with self._opens() as opened:
            return rollback(opened, model, by=by, reason=reason)

    def fetch(
        self, version: str, folder: str | Path, *, unreleased: bool = False, by: str = "", reason: str = ""
    ) -> tuple[Path, ...]:
        """A version's files, written into a folder: `comporta fetch`. unreleased: also of one that could not
        be released, for which a reason must be given. Raises NotFound, Tampered, Refused, BadProject."""
        from comporta.acts.release.fetch import fetch

        with self._opens() as opened:
            return fetch(opened, version, Path(folder), unreleased=unreleased, by=by, reason=reason)[1]

    def predict_batch(
        self,
        version: str,
        input: str,
        output: str | Path,
        *,
        keep: Sequence[str] = (),
        chunk: int = 100_000,
        reveal: bool = False,
        unreleased: bool = False,
        force: bool = False,
        by: str = "",
        reason: str = "",
        progress: Callable[[int, int], None] | None = None,
    ) -> BatchResult:
        """A version's answers to the rows of a dataset or of files: `comporta predict`.

        input: `customers`, `customers@3`, or a glob of Parquet or CSV files. output: a file that ends in
        `.parquet` or `.csv`, or the name of a dataset, which gains an answer to each row once. keep: columns
        of the rows beside the answers; none: the key. Stopped and asked again, it goes on where it was.
        Raises NotFound, Tampered, Refused, Busy, StorageFull, BadData, BadProject.
        """
        from comporta.acts.predict.predict import predict_batch

        with self._opens() as opened:
            return predict_batch(
                opened, version, input, output, keep=keep, chunk=chunk, reveal=reveal,
                unreleased=unreleased, force=force, by=by, reason=reason, progress=progress,
            )  # fmt: skip

    def predict_follow(
        self, version: str, input: str, output: str, *, stop: Event | None = None, poll: float = 5.0,
        keep: Sequence[str] = (), unreleased: bool = False, by: str = "", reason: str = "",
    ) -> Iterator[BatchResult]:  # fmt: skip
        """Answers to what a dataset gains, a result for each addition: `comporta predict --follow`.

        stop: ends it once set. poll: seconds between looks for new versions. Raises as `predict_batch`.
        """
        from comporta.api.follow import follow

        return follow(self._opens, version, input, output, stop, poll, keep, unreleased, by, reason)

    def trace(self, id: str, *, forward: bool | None = None) -> Trace:
        """Where a thing came from and what it touched: `comporta trace`.

        id: `late/1`, `weather@2`, `weather:KEY`, `subject:VALUE`, or a prediction's. forward: True: only what
        it touched; False: only where it came from. Raises NotFound, BadProject.
        """
        from comporta.acts.trace.trace import trace
        from comporta.api.results import Trace

        with self._opens() as opened:
            return Trace(trace(opened, id, forward=forward))

    def reproduce(self, version: str, *, progress: Progress | None = None) -> Reproduction:
        """A version built again, every output compared: `comporta reproduce`. Raises NotFound, StepFailed."""
        from comporta.acts.reproduce.reproduce import reproduce

        with self._works(progress) as (opened, report):
            return reproduce(opened, version, progress=report)

    @property
    def data(self) -> ProjectData:
        """The datasets: `project.data("weather")` is its newest rows, `.show` what `data show` shows."""
        from comporta.api.data import ProjectData

        return ProjectData(self._opens)

    @property
    def jobs(self) -> ProjectJobs:
        """What a worker carries out, now or later: `comporta jobs`."""
        from comporta.api.jobs import ProjectJobs

        return ProjectJobs(self._opens)

    def features(self, name: str = "") -> Listing[FeatureUse]:
        """The columns of models: all, or by a name, a dataset's column, a model: `comporta features`."""
        from comporta.api.features import feature_listing

        with self._opens() as opened:
            return feature_listing(opened, name)

    def directory(self) -> tuple[Member, ...]:
        """Who approved, waived or released, and who is declared: `comporta people list`."""
        from comporta.acts.upkeep.people import people

        with self._opens() as opened:
            return people(opened)

    def forget(self, person: str) -> str:
        """The id of a person whose name is deleted now: `comporta people forget`. Raises NotFound."""
        from comporta.acts.upkeep.people import forget

        with self._opens() as opened:
            return forget(opened, person).id

    def __repr__(self) -> str:
        models, tables = (
            ", ".join(each) or "none" for each in ((m.name for m in self.models), self.tables())
        )
        return f"<project {self.name}: models {models}; datasets {tables}>"

    def _repr_html_(self) -> str:
        from comporta.report.fragment import table

        rows = [(each.name, each.features.of.name, each.target, len(each.gates)) for each in self.models]
        title = f"project {self.name}; datasets {', '.join(self.tables()) or 'none'}"
        return table(("model", "of", "target", "gates") if rows else (), rows, title)

    @contextmanager
    def _opens(self, *, works: bool = False) -> Iterator[OpenProject]:
        """The project opened, for as long as this lasts; its errors explained."""
        from comporta.opened.project import open_project

        with explaining_errors(), open_project(project=self, works=works) as opened:
            yield opened

    @contextmanager
    def _works(
        self,
        progress: Progress | None,
        vary: Callable[[declared.ProjectDeclaration, Path], declared.ProjectDeclaration] | None = None,
    ) -> Iterator[tuple[OpenProject, Progress | None]]:
        """The project opened to run its code, from a file where cells declare it; and what to report to."""
        from comporta.opened.project import open_project
        from comporta.project.notebook import project_in_file

        with (
            explaining_errors(),
            not_inside_a_run(),
            open_project(project=project_in_file(self), works=True, vary=vary) as opened,
            run_progress(progress) as report,
        ):
            yield opened, report
