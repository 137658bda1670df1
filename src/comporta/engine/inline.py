"""Steps in this very process: where no other reaches the store, or starting one would take too long."""

from __future__ import annotations

import contextlib
import random
import sys
import threading
import time
import traceback
from pathlib import Path

import msgspec

from comporta.engine.code import CodeDigests, edited_error
from comporta.engine.step_call import call, failure_of
from comporta.engine.step_functions import NO_STEPS, Steps
from comporta.project.reference import resolve
from comporta.records import Cost
from comporta.records.executor import Done, Task
from comporta.store import StepContext


class Inline:
    """An executor without processes: one step at a time, no limits, printed text left where it goes."""

    def __init__(
        self, *, code: CodeDigests, context: StepContext, threads: int, steps: Steps = NO_STEPS
    ) -> None:
        self.workers, self.threads = 1, threads
        self._code, self._root, self._context, self._steps = code, code.root, context, steps
        self._turn = threading.Lock()

    def warm(self, count: int) -> None:
        pass

    def run(self, task: Task) -> Done:
        recipe, scratch = task.recipe, Path(task.scratch)
        context = StepContext(
            store=self._context.store, keys=self._context.keys, seed=recipe.seed, scratch=scratch
        )
        with self._turn:
            # The user's own session goes on with its own random numbers.
            numpy = sys.modules.get("numpy")
            python_state, numpy_state = random.getstate(), numpy and numpy.random.get_state()
            began, used = time.perf_counter(), time.process_time()
            try:
                # As in a worker: a source's relative path is of the project, wherever the command was given.
                with contextlib.chdir(self._root):
                    refs = self._steps.references(recipe.run, recipe.uses)
                    for ref in refs:
                        resolve(ref, self._root)
                    self._require_current(refs)
                    done = Done(how="done", outputs=call(recipe, context, self._root, self._steps))
                    self._require_current(refs)  # a module that a function imported itself, edited meanwhile
            except Exception as error:  # the boundary to a user's code: whatever it raises
                done = failure_of(error, self._root)
                (scratch / "log").write_text("".join(traceback.format_exception(error)))
            finally:
                random.setstate(python_state)
                if numpy and numpy_state:
                    numpy.random.set_state(numpy_state)
        cost = Cost(wall_seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - used)
        return msgspec.structs.replace(done, cost=cost)

    def _require_current(self, refs: tuple[str, ...]) -> None:
        """Raises BadProject where this process has loaded other code than these functions reach on disk."""
        if changed := self._code.stale(self._code.of(refs)):
            raise edited_error(changed[0])

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass
