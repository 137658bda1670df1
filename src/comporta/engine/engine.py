"""One project's engine: its memory, its workers, and the digest of its code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from comporta.engine import guards
from comporta.engine.code import CodeDigests, edited_error
from comporta.engine.environment import Environment
from comporta.engine.inline import Inline
from comporta.engine.local import Local, workers_and_threads
from comporta.engine.lock import environment_lock
from comporta.engine.plan_run import EngineParts, PlanRun, RunResult
from comporta.engine.question import check_plan
from comporta.engine.run_folders import RunFolders
from comporta.engine.step_functions import NO_STEPS, Steps
from comporta.engine.step_recorder import LEASE
from comporta.engine.worker import Hello
from comporta.errors import BadProject
from comporta.ledger import Ledger
from comporta.project.sources import is_own_file
from comporta.records import Answers, Node, Plan, Run, encode
from comporta.records.environment_lock import EnvironmentLock
from comporta.records.executor import Executor, MakesExecutor, Progress, Workplace
from comporta.records.recipe import RunPurpose
from comporta.store import Keys, StepContext, Store, address


class Engine:
    """Runs the plans of one project. Its worker processes stay warm between plans, until `close()`.

    executor: a URL (`local://?workers=2&threads=1`; `inline://`: everything in this process) or
    what makes one. lease: how long a claim holds unless renewed. home: below whose `.comporta/` runs keep
    their scratch; None: `root`. steps: where the functions of declared steps are. job: whose
    attempt its runs are, or empty.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        ledger: Ledger,
        root: Path,
        clock: Callable[[], datetime],
        executor: str | MakesExecutor = "local://",
        *,
        lease: timedelta = LEASE,
        home: Path | None = None,
        steps: Steps = NO_STEPS,
        job: str = "",
    ) -> None:
        root = root.resolve()
        context = StepContext(store=store, keys=keys)
        self._code = CodeDigests(root)
        self._executor: Executor | None = None
        self._make: Callable[[], Executor] | None = None
        if isinstance(executor, str):
            threads, self._make = _from_url(executor, root, context, steps, self._code)
        else:
            self._make = partial(executor, workplace_of(root, context, steps))
            self._executor = self._make()
            threads = self._executor.threads
        self._parts = EngineParts(
            root=root,
            context=context,
            ledger=ledger,
            clock=clock,
            lease=lease,
            folders=RunFolders((home or root).resolve()),
            memory=guards.Memory(ledger, store),
            steps=steps,
            code=self._code,
            environment=Environment(threads),
            workers=self._workers,
            job=job,
        )

    def ask(
        self,
        plan: Plan,
        *,
        command: str = "",
        purpose: RunPurpose = "other",
        project: str = "",
        progress: Progress | None = None,
        memory: bool = True,
        by: str = "",
    ) -> tuple[Run, Answers]:
        """The run and every node's answer.

        command: as people read it. purpose: what the run is for. by: the id of who asks, or empty.
        memory: False runs every step again in fresh processes and remembers none of it: for `reproduce`.
        Raises StepFailed, LimitPassed, or the error of Comporta's that a step raised, once the nodes that do
        not depend on it have ended: of several the first, which names all; and what `ask_what_can` raises.
        Where a node with `allow_failure` fails, only its answer is left out.
        """
        run, answers, failure = self.ask_what_can(
            plan, command=command, purpose=purpose, project=project, progress=progress, memory=memory, by=by
        )
        if failure is not None:
            raise failure
        return run, answers

    def ask_what_can(
        self,
        plan: Plan,
        *,
        command: str = "",
        purpose: RunPurpose = "other",
        project: str = "",
        progress: Progress | None = None,
        memory: bool = True,
        by: str = "",
    ) -> RunResult:
        """The same, with what there is where nodes failed: their error is in the result, in place of being
        raised, beside the answers of all that do not depend on them. Raises BadProject; StorageFull;
        KeyboardInterrupt when interrupted, once every process is dead."""
        check_plan(plan)
        self._code.refresh()
        return PlanRun(self._parts, plan, progress, memory).run(command, project, purpose, by)

    def warm(self) -> None:
        """Starts a worker process that whoever asks next will need: it loads while the plan is still made."""
        self._start_executor().warm(1)

    def digest(self, run: str, uses: Mapping[str, str | tuple[str, ...]]) -> str:
        """The digest of the code that a step and what it is handed reach, as a recipe would name it now."""
        self._code.refresh()
        return self._code.of(self._parts.steps.references(run, uses)).digest

    def own_modules(self, nodes: Iterable[Node]) -> dict[str, str]:
        """Module → file, of all that these nodes' code reaches and that counts by its content, with the
        packages they are in; Comporta's own left out."""
        self._code.refresh()
        found: dict[str, str] = {}
        for node in nodes:
            found |= self._code.own_modules(self._parts.steps.references(node.run, node.uses))
        return found

    def lock(self, nodes: Iterable[Node]) -> EnvironmentLock:
        """What is installed here of all that these nodes' code imports, and of what that requires."""
        self._code.refresh()
        packages: set[str] = set()
        for node in nodes:
            packages.update(self._code.of(self._parts.steps.references(node.run, node.uses)).packages)
        return environment_lock(sorted(packages))

    def code_digest(self, functions: Iterable[str], *, here: bool = False, former: bool = False) -> str:
        """The digest of the project's own code that these references reach. Comporta's own and installed
        packages are left out, so that it stays the same under another release of them.

        here: they run in this process: raises BadProject where a file was edited since it was imported.
        former: the digest as it was while modules and names counted, to compare with older facts.
        Raises BadProject.
        """
        self._code.refresh()
        names = sorted(set(functions))
        reach = self._code.of(names)
        changed = [file for file in self._code.stale(reach) if not is_own_file(file)] if here else []
        if changed:
            raise edited_error(changed[0])
        return self._code.former(names) if former else self._code.own(names)

    def close(self) -> None:
        """Ends the worker processes."""
        if self._executor is not None:
            self._executor.close()

    def _start_executor(self) -> Executor:
        """The executor, started on first use."""
        if self._executor is None:
            assert self._make is not None, "an executor was given, or a URL of one"
            self._executor = self._make()
        return self._executor

    @contextmanager
    def _workers(self, fresh: bool) -> Iterator[Executor]:
        if fresh and self._make is not None:
            made = self._make()
            try:
                yield made
            finally:
                made.close()
            return
        yield self._start_executor()


def _from_url(
    url: str, root: Path, context: StepContext, steps: Steps, code: CodeDigests
) -> tuple[int, Callable[[], Executor]]:
    """How many threads each step has, and what starts the executor."""
    if url == "inline://":
        return 1, lambda: Inline(code=code, context=context, threads=1, steps=steps)
    workers, threads = workers_and_threads(url)
    workplace = partial(workplace_of, root, context, steps)
    return threads, lambda: Local(workplace(), workers=workers, threads=threads)


def workplace_of(root: Path, context: StepContext, steps: Steps) -> Workplace:
    """What a worker process of this project needs. Raises BadProject where no other process reaches the
    store."""
    store = address(context.store)
    if store.startswith("memory:"):
        raise BadProject("store: found memory://, expected one that other processes reach: file://PATH.")
    config = dict(getattr(context.store, "config", {}))
    hello = Hello(root=str(root), store=store, keys=context.keys, config=config, steps=steps)
    command = (sys.executable, "-m", "comporta.engine.worker")
    return Workplace(root=root, command=command, hello=encode(hello) + b"\n")
