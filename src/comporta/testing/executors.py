"""What every executor must do, as tests: subclass `ExecutorContract` and give it what makes one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from comporta.engine import PROJECTIONS, Engine
from comporta.errors import BadProject, ComportaError, LimitPassed, StepFailed
from comporta.ledger import open_ledger
from comporta.records import Answer, Executor, Limits, MakesExecutor, Node, Output, Plan, Workplace
from comporta.store import StepContext, derive, open_store

KEYS = derive(b"k" * 32)
PROJECT = """
    import os, random, subprocess, time
    from pathlib import Path

    FACTOR = 2
    HERE = Path(__file__).parent

    def source(context, *, n):
        return {"out": context.put_json(n)}

    def times(context, *, x):
        return {"out": context.put_json(context.get_json(x, int) * FACTOR)}

    def draws(context, *, seed):
        import numpy
        return {"out": context.put_json([random.random(), numpy.random.rand(), hash("x"), seed])}

    def prints(context):
        print("from python", flush=True)
        os.write(1, b"from below\\n")
        return {"out": context.put_json(os.environ["OMP_NUM_THREADS"])}

    def raises(context):
        raise ValueError("bad row")

    def exits(context):
        os._exit(3)

    def hogs(context):
        held = []
        while True:
            held.append(bytearray(os.urandom(1 << 20)) * 16)

    def sleeps(context):
        child = subprocess.Popen(["sleep", "60"])
        (HERE / "child").write_text(str(child.pid))
        time.sleep(60)
        return {"out": context.put_json(1)}
"""


def node(function: str, name: str = "", **given: object) -> Node:
    return Node(name=name or function, run=f"project.py:{function}", **given)  # type: ignore[arg-type]


class ExecutorContract:
    """Give a fixture `makes`: what a project would declare as `Project(executor=...)`.

    >>> class TestMine(ExecutorContract):
    ...     @pytest.fixture
    ...     def makes(self):
    ...         return MyExecutor
    """

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "project.py").write_text(dedent(PROJECT))
        return tmp_path

    @pytest.fixture
    def made(self) -> list[Executor]:
        """Every executor that the engine made, in order."""
        return []

    @pytest.fixture
    def engine(self, root: Path, makes: MakesExecutor, made: list[Executor]) -> Iterator[Engine]:
        def make(workplace: Workplace) -> Executor:
            made.append(makes(workplace))
            return made[-1]

        def now() -> datetime:
            return datetime.now(UTC)

        ledger = open_ledger("sqlite:///.comporta/l.db", PROJECTIONS, key=KEYS.chain, clock=now, root=root)
        engine = Engine(open_store("file://.comporta/store", root), KEYS, ledger, root, now, make)
        yield engine
        engine.close()
        ledger.close()

    @pytest.fixture
    def value(self, root: Path) -> Callable[[Answer], object]:
        context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
        return lambda answer: context.get_json(answer.step.outputs["out"], object)  # type: ignore[arg-type]

    @pytest.fixture
    def log(self, root: Path) -> Callable[[Answer], bytes]:
        context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
        return lambda answer: b"" if answer.step.log is None else context.get(answer.step.log)

    def test_each_step_gets_what_the_one_before_it_made(
        self, engine: Engine, value: Callable[[Answer], object]
    ) -> None:
        plan = Plan(
            nodes=(
                node("source", params={"n": 3}),
                node("times", inputs={"x": Output(node_name="source", name="out")}),
            )
        )
        assert value(engine.ask(plan)[1]["times"]) == 6
        assert all(answer.reused for answer in engine.ask(plan)[1].values())

    def test_a_plan_of_many_steps_is_run_whole(
        self, engine: Engine, value: Callable[[Answer], object]
    ) -> None:
        plan = Plan(nodes=tuple(node("source", f"source {n}", params={"n": n}) for n in range(9)))
        _, answers = engine.ask(plan)
        assert [value(answers[f"source {n}"]) for n in range(9)] == list(range(9))

    def test_the_project_as_it_is_written_now_is_what_runs(
        self, root: Path, engine: Engine, value: Callable[[Answer], object]
    ) -> None:
        plan = Plan(
            nodes=(
                node("source", params={"n": 3}),
                node("times", inputs={"x": Output(node_name="source", name="out")}),
            )
        )
        engine.ask(plan)
        project = root / "project.py"
        project.write_text(project.read_text().replace("FACTOR = 2", "FACTOR = 50"))
        _, answers = engine.ask(plan)
        assert answers["source"].reused and value(answers["times"]) == 150

    def test_random_numbers_come_from_the_recipe(
        self, engine: Engine, value: Callable[[Answer], object]
    ) -> None:
        plan = Plan(nodes=(node("draws", seed=7), node("draws", "other", seed=8)))
        first, again = engine.ask(plan)[1], engine.ask(plan, memory=False)[1]
        assert value(first["draws"]) == value(again["draws"]) != value(first["other"])

    def test_memory_off_runs_in_an_executor_of_its_own(self, engine: Engine, made: list[Executor]) -> None:
        plan = Plan(nodes=(node("source", params={"n": 3}),))
        engine.ask(plan)
        _, answers = engine.ask(plan, memory=False)
        assert not answers["source"].reused and len({id(each) for each in made}) == 2

    def test_what_a_step_prints_is_its_log_and_threads_are_fixed(
        self,
        engine: Engine,
        made: list[Executor],
        value: Callable[[Answer], object],
        log: Callable[[Answer], bytes],
    ) -> None:
        answer = engine.ask(Plan(nodes=(node("prints"),)))[1]["prints"]
        assert value(answer) == str(made[0].threads)
        assert {b"from python", b"from below"} <= {*log(answer).splitlines()}
        assert answer.step.cost.wall_seconds > 0

    def test_a_step_that_raises_is_one_message_that_says_where(self, engine: Engine) -> None:
        with pytest.raises(StepFailed, match=r"raises: ValueError: bad row \(project\.py:\d+\)\. Log: "):
            engine.ask(Plan(nodes=(node("raises"),)))

    def test_a_step_that_ends_its_process_is_one_message_and_the_next_step_runs(
        self, engine: Engine, value: Callable[[Answer], object]
    ) -> None:
        with pytest.raises(StepFailed, match="exits: "):
            engine.ask(Plan(nodes=(node("exits"),)))
        assert value(engine.ask(Plan(nodes=(node("source", params={"n": 1}),)))[1]["source"]) == 1

    def test_a_step_that_takes_too_long_is_ended_with_its_children(self, root: Path, engine: Engine) -> None:
        with pytest.raises(LimitPassed, match="sleeps: "):
            engine.ask(Plan(nodes=(node("sleeps", limits=Limits(seconds=1)),)))
        assert _ends(int((root / "child").read_text()))

    def test_a_step_that_uses_too_much_memory_is_ended(self, engine: Engine) -> None:
        with pytest.raises(LimitPassed, match="hogs: "):
            engine.ask(Plan(nodes=(node("hogs", limits=Limits(memory=700 << 20)),)))

    def test_a_constant_that_is_another_in_each_process_is_refused(self, root: Path, engine: Engine) -> None:
        project = root / "project.py"
        project.write_text(project.read_text().replace("FACTOR = 2", "FACTOR = time.time()"))
        plan = Plan(
            nodes=(
                node("source", params={"n": 3}),
                node("times", inputs={"x": Output(node_name="source", name="out")}),
            )
        )
        with pytest.raises(BadProject, match="FACTOR with another value in each process"):
            engine.ask(plan)

    def test_stop_ends_what_runs_with_its_children_and_later_steps_run(
        self, root: Path, engine: Engine, made: list[Executor], value: Callable[[Answer], object]
    ) -> None:
        raised: list[ComportaError] = []

        def ask() -> None:
            try:
                engine.ask(Plan(nodes=(node("sleeps"),)))
            except ComportaError as error:
                raised.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        until = time.monotonic() + 60
        while not (root / "child").exists() or not (root / "child").read_text():
            assert time.monotonic() < until, "the step never began"
            time.sleep(0.02)
        made[0].stop()
        thread.join(30)
        assert not thread.is_alive() and len(raised) == 1
        assert _ends(int((root / "child").read_text()))
        assert value(engine.ask(Plan(nodes=(node("source", params={"n": 1}),)))[1]["source"]) == 1


def _ends(pid: int) -> bool:
    """Whether the process is gone, or a zombie that nobody waits for, within a few seconds."""
    import psutil

    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
