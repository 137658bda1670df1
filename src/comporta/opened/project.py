"""The house opened: a project, and the store, ledger and engine that its settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from comporta import engine
from comporta.engine import Engine
from comporta.errors import BadProject, NotFound, WrongKey
from comporta.ledger import Ledger, OpensLedger, open_ledger
from comporta.ledger.signing import public_key
from comporta.ledger.upcasts import UPCASTS
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.lineage import EDGES, EVALUATIONS, QUESTIONS
from comporta.opened.removals import REMOVALS
from comporta.opened.steps import STEPS
from comporta.project import Model, Project, Settings
from comporta.project.faults import listed, unusable
from comporta.project.load import find, load, told_root
from comporta.project.settings import settings
from comporta.records import Changes, Event, Lookup, Projection, Transaction
from comporta.records.credential import shown
from comporta.records.facts import FACTS, ProjectKeyed
from comporta.registry import FORGOTTEN, VERSIONS
from comporta.release import ROUTES
from comporta.store import (
    Keys,
    StepContext,
    Store,
    derive,
    open_store,
    read_secret,
    store_config,
    with_password,
)


def _keyed(fact: ProjectKeyed, event: Event, old: Lookup[ProjectKeyed]) -> Changes[ProjectKeyed]:
    if old("project") is None:
        yield "project", fact


KEYED = Projection("keyed", ProjectKeyed, {ProjectKeyed: _keyed})
PROJECTIONS = (
    KEYED, DATASETS, EDGES, QUESTIONS, EVALUATIONS, VERSIONS, ROUTES, FORGOTTEN, REMOVALS,
    *engine.PROJECTIONS,
)  # fmt: skip


def now() -> datetime:
    """The clock on the wall, in UTC."""
    return datetime.now(UTC)


class OpenProject:
    """Everything a command needs, opened once. Use it as a context manager, or call `close()`.

    declared: gives the project when it is first asked for. store, ledger: see `open_project`. works: it stays
    open for long, and is written to; else it is opened for a moment, and a full disk is no obstacle to that.
    """

    def __init__(
        self,
        declared: Callable[[], Project],
        root: Path,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        works: bool = False,
        store: Store | None = None,
        ledger: OpensLedger | None = None,
    ) -> None:
        self._declared, self.root, self.settings, self.clock = declared, root, settings, clock
        secret = read_secret(settings.key, root)
        self.keys: Keys = derive(secret)
        self._opens: OpensLedger = ledger or open_ledger
        if store is None:
            config = store_config(settings.store_credentials, root)
            store = open_store(settings.store, root, settings.project_id, config)
        self.store: Store = store
        self.ledger: Ledger = self.ledger_of(settings.project_id, works=works)
        self._require_key()

    def ledger_of(self, project: str, *, works: bool = False) -> Ledger:
        """The chain of one of the projects that share this ledger; close it. Raises as `open_ledger`."""
        return self._opens(
            with_password(self.settings.ledger, self.settings.ledger_password, self.root),
            PROJECTIONS,
            key=self.keys.chain,
            clock=self.clock,
            root=self.root,
            project=project,
            facts=FACTS,
            upcasts=UPCASTS,
            reads=not works,
        )

    @cached_property
    def project(self) -> Project:
        """What is declared; its file is run on first use. Raises BadProject."""
        project = self._declared()
        if found := unusable(project, self.root):
            raise BadProject(listed(found))
        return project

    @cached_property
    def engine(self) -> Engine:
        """Started on first use: commands that only read start no worker."""
        return self.engine_at(self.root)

    def engine_at(self, root: Path) -> Engine:
        """An engine that runs the project source found below another root."""
        return Engine(
            store=self.store,
            keys=self.keys,
            ledger=self.ledger,
            root=root,
            clock=self.clock,
            executor=self.project.executor or self.settings.executor,
            home=self.root,
            steps=STEPS,
        )

    @property
    def context(self) -> StepContext:
        return StepContext(store=self.store, keys=self.keys)

    @property
    def below(self) -> Path:
        """The folder for what can be made again: laid out sources, scratch."""
        return self.root / ".comporta"

    def model(self, name: str) -> Model:
        """The declared model. Raises NotFound, naming those there are."""
        found = self.project.asked(name)
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
        """The ledger's first fact names the key; with another, nothing here could be read or matched."""
        mine = self.keys.fingerprint

        def keyed_with(tx: Transaction) -> ProjectKeyed:
            first = tx.get(KEYED, "project")
            if first is None:
                public = public_key(self.keys.chain)
                first = ProjectKeyed(project=self.project.name, fingerprint=mine, public=public)
                tx.append(first)
            return first

        keyed = self.ledger.get(KEYED, "project") or self.ledger.transact(keyed_with)
        if keyed.fingerprint != mine:
            raise WrongKey(
                f"{shown(self.settings.key)}: found key {mine}, expected {keyed.fingerprint}, with which "
                "this project's data was written. Bring the right one: comporta key import FILE"
            )


def open_project(
    path: Path | None = None,
    project: Project | None = None,
    *,
    works: bool = False,
    store: Store | None = None,
    ledger: OpensLedger | None = None,
) -> OpenProject:
    """The house of the project file at `path` or above the current folder, or of `project` itself.

    works: the project's code will run; else its file is run only if something asks what is declared: it may
    import for seconds, or be broken while its versions, runs and releases are as they were.
    store: in place of the one that the settings name; worker processes open it again by its `url`, so its
    scheme must be one that they know. ledger: what opens the ledger's URL, in place of `open_ledger`.
    Raises BadProject, NotFound when there is none; WrongKey; Tampered.
    """
    given: dict[str, Any] = {"works": works, "store": store, "ledger": ledger}
    if project is not None:
        root = (project.root or Path.cwd()).resolve()
        return OpenProject(lambda: project, root, settings(root), **given)
    file = find(path)
    here = None if works else told_root(file)
    if here is not None:
        return OpenProject(lambda: load(file), here, settings(here), **given)
    loaded = load(file)
    root = loaded.root or file.parent
    return OpenProject(lambda: loaded, root, settings(root), **given)
