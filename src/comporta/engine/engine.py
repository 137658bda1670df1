"""Plans in, answers out: one project's engine, its memory and its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from comporta.engine import guards
from comporta.engine.asking import Asking, Means, Progress
from comporta.engine.book import LEASE
from comporta.engine.code import Code
from comporta.engine.environment import Environment
from comporta.engine.executor import Executor
from comporta.engine.here import Here
from comporta.engine.inline import Inline
from comporta.engine.local import Local, room
from comporta.engine.question import check
from comporta.engine.steps import Steps
from comporta.errors import BadProject
from comporta.ledger import Ledger
from comporta.project.sources import own
from comporta.records import Answer, Asset, Node, Plan, Run
from comporta.store import Keys, StepContext, Store, address

_NONE = Steps()


class Engine:
    """Asks plans of one project. Its worker processes stay warm between plans, until `close()`.

    executor: a URL (`local://?workers=2&threads=1`; `inline://`: everything in this process) or one made
    elsewhere. present: whether a slice of a dataset is still there; None: always. lease: how long a claim
    holds unless renewed. home: below whose `.comporta/` runs keep their scratch; None: `root`. steps: where
    the functions of declared steps are.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        ledger: Ledger,
        root: Path,
        clock: Callable[[], datetime],
        executor: str | Executor = "local://",
        *,
        present: Callable[[Asset], bool] | None = None,
        lease: timedelta = LEASE,
        home: Path | None = None,
        steps: Steps = _NONE,
    ) -> None:
        root = root.resolve()
        context = StepContext(store=store, keys=keys)
        self._executor: Executor | None = None
        self._make: Callable[[], Executor] | None = None
        if isinstance(executor, str):
            threads, self._make = _from_url(executor, root, context, steps)
        else:
            threads, self._executor = executor.threads, executor
        self._code = Code(root)
        self._means = Means(
            root=root,
            context=context,
            ledger=ledger,
            clock=clock,
            lease=lease,
            here=Here((home or root).resolve()),
            memory=guards.Memory(ledger, store, present),
            inline=Inline(root=root, context=context, threads=threads, steps=steps),
            steps=steps,
            code=self._code,
            environment=Environment(threads),
            workers=self._workers,
        )

    def ask(
        self,
        plan: Plan,
        *,
        command: str = "",
        project: str = "",
        progress: Progress | None = None,
        memory: bool = True,
    ) -> tuple[Run, dict[str, Answer]]:
        """The run and every node's answer.

        memory: False asks everything again in fresh processes and remembers none of it: what `reproduce`
        compares. Raises StepFailed, LimitPassed, or what a step raised that is an error of Comporta's, once
        the nodes that do not depend on it have ended: of several the first, which then names all. Raises
        BadProject; StorageFull; KeyboardInterrupt when interrupted, once every process is dead. Where a
        spare node fails, only its answer is left out.
        """
        check(plan)
        self._code.refresh()
        return Asking(self._means, plan, progress, memory).run(command, project)

    def digest(self, run: str, uses: Mapping[str, str | tuple[str, ...]]) -> str:
        """The digest of the code that a step and what it is handed reach, as a recipe would name it now."""
        self._code.refresh()
        return self._code.of(self._means.steps.references(run, uses)).digest

    def own_modules(self, nodes: Iterable[Node]) -> dict[str, str]:
        """Module → file, of all that these nodes' code reaches and that counts by its content, with the
        packages they are in; Comporta's own left out."""
        self._code.refresh()
        found: dict[str, str] = {}
        for node in nodes:
            found |= self._code.own_modules(self._means.steps.references(node.run, node.uses))
        return found

    def declared(self, functions: Iterable[str], *, here: bool = False, former: bool = False) -> str:
        """The digest of the project's own code that these references reach: Comporta's own and what is
        installed left out, so that it stays the same under another release of them.

        here: they run in this process, so what was imported must be what is written. former: as it was told
        while modules and names counted, to be compared with what a ledger keeps. Raises BadProject.
        """
        self._code.refresh()
        names = sorted(set(functions))
        reach = self._code.of(names)
        edited = [file for file in self._code.stale(reach) if not own(file)] if here else []
        if edited:
            raise BadProject(
                f"{edited[0]}: found it edited since it was imported, expected the text that runs here. "
                "Start again, so that it is imported anew."
            )
        return self._code.former(names) if former else reach.own

    def close(self) -> None:
        """Ends the worker processes."""
        if self._executor is not None:
            self._executor.close()

    @contextmanager
    def _workers(self, fresh: bool) -> Iterator[Executor]:
        if fresh and self._make is not None:
            made = self._make()
            try:
                yield made
            finally:
                made.close()
            return
        if self._executor is None:
            assert self._make is not None, "an executor was given, or a URL of one"
            self._executor = self._make()
        yield self._executor


def _from_url(url: str, root: Path, context: StepContext, steps: Steps) -> tuple[int, Callable[[], Executor]]:
    """How many threads each step has, and what starts the executor."""
    if url == "inline://":
        return 1, lambda: Inline(root=root, context=context, threads=1, steps=steps)
    workers, threads = room(url)
    return threads, lambda: Local(
        root=root,
        store=address(context.store),
        keys=context.keys,
        workers=workers,
        threads=threads,
        config=getattr(context.store, "config", {}),
        steps=steps,
    )
