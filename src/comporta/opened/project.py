"""The opened project: what it declares, and the store, ledger, engine and keys that its settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from comporta import access, engine, jobs, release
from comporta.engine import Engine
from comporta.errors import BadProject, NotFound, WrongKey
from comporta.ledger import Ledger, OpensLedger, open_ledger
from comporta.ledger.signing import public_key
from comporta.ledger.upcasts import UPCASTS
from comporta.opened.batches import BATCHES
from comporta.opened.copies import COPIES
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.lineage import EDGES, EVALUATIONS, QUESTIONS
from comporta.opened.removals import REMOVALS
from comporta.opened.stored_data import data_context
from comporta.project import Model, ProjectDeclaration, Settings
from comporta.project.faults import format_faults, raise_faults
from comporta.project.load import FILE, declared_root, find_project_file, load_project
from comporta.project.settings import settings
from comporta.records import Changes, Event, Lookup, Projection, Transaction
from comporta.records.credential import showable
from comporta.records.facts import FACTS, ProjectKeyed
from comporta.registry import FORGOTTEN, MODELS, VERSIONS
from comporta.registry.tokens import TOKENS
from comporta.store import Keys, StepContext, Store, with_password


def _apply_project_keyed(
    fact: ProjectKeyed, event: Event, old: Lookup[ProjectKeyed]
) -> Changes[ProjectKeyed]:
    if old("project") is None:
        yield "project", fact


KEYED = Projection("keyed", ProjectKeyed, {ProjectKeyed: _apply_project_keyed})
PROJECTIONS = (
    KEYED, DATASETS, EDGES, QUESTIONS, EVALUATIONS, MODELS, VERSIONS, FORGOTTEN, REMOVALS,
    TOKENS, COPIES, BATCHES, *engine.PROJECTIONS, *access.PROJECTIONS,
    *jobs.PROJECTIONS, *release.PROJECTIONS,
)  # fmt: skip


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


class OpenProject:
    """Everything a command needs, opened once. Use it as a context manager, or call `close()`.

    declared: returns the project, called on first use; file: where that is declared; None: in this process.
    store, ledger: see `open_project`. home: the folder of the settings, the key and what is kept beside them,
    where it is not the root: the root is then a checkout of the project's code. works: it stays open and is
    written to; False: it is opened briefly, mostly to read, which a full disk does not prevent. job: whose
    attempt this process is, or empty.
    """

    def __init__(
        self,
        declared: Callable[[], ProjectDeclaration],
        root: Path,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        works: bool = False,
        store: Store | None = None,
        ledger: OpensLedger | None = None,
        file: Path | None = None,
        home: Path | None = None,
        job: str = "",
    ) -> None:
        self.file, self.home, self.job = file, home or root, job
        self._declared, self.root, self.settings, self.clock = declared, root, settings, clock
        context = data_context(settings, self.home, store)
        self.store: Store = context.store
        self.keys: Keys = context.keys
        self._opens: OpensLedger = ledger or open_ledger
        self.ledger: Ledger = self.ledger_of(settings.project_id, works=works)
        self._require_key()

    def ledger_of(self, project: str, *, works: bool = False) -> Ledger:
        """The ledger of a project in the same database; the caller closes it. Raises as `open_ledger`."""
        return self._opens(
            with_password(self.settings.ledger, self.settings.ledger_password, self.home),
            PROJECTIONS,
            key=self.keys.chain,
            clock=self.clock,
            root=self.home,
            project=project,
            facts=FACTS,
            upcasts=UPCASTS,
            reads=not works,
        )

    @cached_property
    def project(self) -> ProjectDeclaration:
        """What is declared; its file is run on first use. Raises BadProject."""
        project = self._declared()
        if found := raise_faults(project, self.root):
            raise BadProject(format_faults(found))
        return project

    @cached_property
    def engine(self) -> Engine:
        """Started on first use: commands that only read start no worker."""
        return self.engine_at(self.root)

    def engine_at(self, root: Path) -> Engine:
        """An engine that runs the project source found below another root."""
        # Here, for it brings every check along: what only reads need not wait for them.
        from comporta.opened.steps import STEPS

        return Engine(
            store=self.store,
            keys=self.keys,
            ledger=self.ledger,
            root=root,
            clock=self.clock,
            executor=self.project.executor or self.settings.executor,
            home=self.home,
            steps=STEPS,
            job=self.job,
        )

    @property
    def context(self) -> StepContext:
        return StepContext(store=self.store, keys=self.keys)

    def now(self) -> datetime:
        """The time by the clock, UTC, but never before the ledger's last fact: a clock that was set back
        brings nothing to life again that has ended."""
        last = next(self.ledger.events(self.ledger.head().seq - 1), None)
        return self.clock() if last is None else max(self.clock(), last.at)

    @property
    def below(self) -> Path:
        """The folder for files that can be rebuilt: unpacked sources, scratch."""
        return self.home / ".comporta"

    def model(self, name: str) -> Model:
        """The declared model. Raises NotFound, which lists the models."""
        found = self.project.find_model(name)
        if found is None:
            known = ", ".join(model.name for model in self.project.models) or "none"
            raise NotFound(f"found no model {name!r} in the project, expected one of: {known}.")
        return found

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.close()
        self.ledger.close()

    def __enter__(self) -> OpenProject:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _require_key(self) -> None:
        """Raises WrongKey unless the ledger's first fact names this key."""
        mine = self.keys.fingerprint

        def first_key_fact(tx: Transaction) -> ProjectKeyed:
            first = tx.get(KEYED, "project")
            if first is None:
                public = public_key(self.keys.chain)
                first = ProjectKeyed(project=self.project.name, fingerprint=mine, public=public)
                tx.append(first)
            return first

        keyed = self.ledger.get(KEYED, "project") or self.ledger.transact(first_key_fact)
        if keyed.fingerprint != mine:
            raise WrongKey(
                f"{showable(self.settings.key)}: found key {mine}, expected {keyed.fingerprint}, with which "
                "this project's data was written. Install that one: comporta key import FILE"
            )


def open_project(
    path: Path | None = None,
    project: ProjectDeclaration | None = None,
    *,
    works: bool = False,
    store: Store | None = None,
    ledger: OpensLedger | None = None,
    vary: Callable[[ProjectDeclaration, Path], ProjectDeclaration] | None = None,
    clock: Callable[[], datetime] = now,
) -> OpenProject:
    """The project of the file at `path` or above the current folder, or `project` itself, opened.

    works: the project's code will run; False: its file is imported only when something needs the
    declaration, since that may take seconds, or fail while versions, runs and releases can still be read.
    store: in place of the one that the settings name; worker processes open it again by its `url`, so its
    scheme must be one that they know. ledger: what opens the ledger's URL, in place of `open_ledger`.
    vary: makes of the declared project and its root the one that is opened. clock: the time, UTC.
    Raises BadProject, NotFound when there is none; WrongKey; Tampered.
    """
    given: dict[str, Any] = {"works": works, "store": store, "ledger": ledger, "clock": clock}
    if project is not None:
        root = (project.root or Path.cwd()).resolve()
        return OpenProject(_with_variation(lambda: project, root, vary), root, settings(root), **given)
    file = find_project_file(path)
    here = None if works else declared_root(file)
    if here is not None:
        return OpenProject(
            _with_variation(lambda: load_project(file), here, vary),
            here,
            settings(here),
            **given,
            file=file,
        )
    loaded = load_project(file)
    root = loaded.root or file.parent
    return OpenProject(_with_variation(lambda: loaded, root, vary), root, settings(root), **given, file=file)


def open_root(root: Path, file: Path | None = None) -> OpenProject:
    """The project in this folder, opened to be worked with; what it declares is read only where it is asked
    for: serving does not. file: where that is; None: `project.py`. Raises BadProject, WrongKey, Tampered."""
    found = root / FILE if file is None else file
    return OpenProject(
        lambda: load_project(find_project_file(found)), root, settings(root), works=True, file=found
    )


def _with_variation(
    declared: Callable[[], ProjectDeclaration],
    root: Path,
    vary: Callable[[ProjectDeclaration, Path], ProjectDeclaration] | None,
) -> Callable[[], ProjectDeclaration]:
    return declared if vary is None else lambda: vary(declared(), root)
