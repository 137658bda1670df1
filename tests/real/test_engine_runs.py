"""A plan asked for real: worker processes, a SQLite ledger, a store in a folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from comporta.engine import CANCELS, CLAIMS, FAILURES, PROJECTIONS, RUNS, STEPS, Engine
from comporta.engine.interruption import CancelledRun
from comporta.errors import BadProject, ExpectationBroken, LimitPassed, StepFailed
from comporta.ledger import Ledger, open_ledger
from comporta.opened.sentences import sentence
from comporta.records import Answer, Limits, Node, Output, Plan, Run, Transaction
from comporta.records.facts import StepAnswered
from comporta.records.job_facts import RunCancelled
from comporta.store import StepContext, derive, open_store

PROJECT = """
    import os, random, sys, time
    from pathlib import Path
    from helper import FACTOR, twice
    from comporta.errors import ExpectationBroken

    def source(context, *, n):
        return {"out": context.put_json(n)}

    def add(context, *, x, n=0):
        count = Path(__file__).parent / "calls"
        count.open("a").write("add\\n")
        return {"out": context.put_json(twice(context.get_json(x, int)) * FACTOR + n)}

    def fit(x):
        return x + 100

    def using(context, *, x, fit, several):
        return {"out": context.put_json(sum(f(context.get_json(x, int)) for f in (fit, *several)))}

    def prints(context):
        print("from python")
        print("from stderr", file=sys.stderr)
        os.system("echo from a child")
        os.write(1, b"from below\\n")
        return {"out": context.put_json(1)}

    def draws(context):
        import numpy
        return {"out": context.put_json([random.random(), numpy.random.rand(), hash("x")])}

    def seeded(context, *, seed):
        return {"out": context.put_json([seed, context.seed])}

    def threads(context):
        import polars
        return {"out": context.put_json([polars.thread_pool_size(), os.environ["OMP_NUM_THREADS"]])}

    def raises(context):
        secret = "patient 17"
        raise ValueError(f"bad row: {secret}")

    def expects(context):
        raise ExpectationBroken("late: found 2")

    def returns(context):
        return 3

    def aborts(context):
        os.abort()

    def exits(context):
        os._exit(3)

    def leaves(context):
        sys.exit("enough")

    def killed(context):
        import signal
        os.kill(os.getpid(), signal.SIGKILL)

    def hogs(context):
        held = []
        while True:
            held.append(bytearray(os.urandom(1 << 20)) * 16)

    def sleeps(context, *, seconds):
        child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
        (Path(__file__).parent / "child").write_text(str(child))
        time.sleep(seconds)
        return {"out": context.put_json(1)}

    def works(context, *, megabytes):
        held = bytearray(megabytes << 20)
        for i in range(0, len(held), 4096):
            held[i] = 1
        until = time.process_time() + 0.2
        while time.process_time() < until:
            pass
        return {"out": context.put_json(1)}

    def reads(context):
        return {"out": context.put_json(Path("project.py").is_file())}

    def scratches(context):
        (context.scratch / "big").write_text("x")
        return {"out": context.put_json(str(context.scratch))}
"""
HELPER = """
    FACTOR = 1

    def twice(x):
        return 2 * x
"""
KEYS = derive(b"s" * 32)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project.py").write_text(dedent(PROJECT))
    (tmp_path / "helper.py").write_text(dedent(HELPER))
    return tmp_path


def ledger_of(root: Path) -> Ledger:
    return open_ledger("sqlite:///.comporta/ledger.db", PROJECTIONS, key=KEYS.chain, clock=now, root=root)


def engine_of(root: Path, executor: str) -> Engine:
    store = open_store("file://.comporta/store", root)
    return Engine(store, KEYS, ledger_of(root), root, now, executor)


@pytest.fixture
def engine(root: Path) -> Iterator[Engine]:
    made = engine_of(root, "local://?workers=2&threads=1")
    yield made
    made.close()


def value(root: Path, answer: object) -> object:
    context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
    return context.get_json(answer.step.outputs["out"], object)  # type: ignore[attr-defined]


def node(function: str, name: str = "", **asked: object) -> Node:
    return Node(name=name or function, run=f"project.py:{function}", **asked)  # type: ignore[arg-type]


def chain(n: int = 3) -> Plan:
    return Plan(
        nodes=(
            node("source", params={"n": n}),
            node("add", inputs={"x": Output(node_name="source", name="out")}),
            node("add", "more", inputs={"x": Output(node_name="add", name="out")}, params={"n": 1}),
        )
    )


def calls(root: Path) -> int:
    file = root / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_what_another_project_was_answered_is_taken_over_in_one_transaction(root: Path) -> None:
    def ledger(project: str) -> Ledger:
        where = "sqlite:///.comporta/ledger.db"
        return open_ledger(where, PROJECTIONS, key=KEYS.chain, clock=now, root=root, project=project)

    def asked(held: Ledger) -> tuple[Run, dict[str, Answer]]:
        store = open_store("file://.comporta/store", root)
        engine = Engine(store, KEYS, held, root, now, "local://?workers=2&threads=1")
        try:
            return engine.ask(chain())
        finally:
            engine.close()

    asked(ledger("north"))
    south = ledger("south")
    commits, transact = 0, south.transact

    def counted(act: Callable[[Transaction], Any]) -> Any:
        nonlocal commits
        commits += 1
        return transact(act)

    south.transact = counted  # type: ignore[method-assign, assignment]
    run, answers = asked(south)
    assert calls(root) == 2 and set(run.reused) == {"source", "add", "more"}
    assert commits == 1
    taken = [event for event in south.events() if event.kind == StepAnswered.kind]
    assert [json.loads(event.body or b"")["source"] for event in taken] == ["north"] * 3
    assert {answer.source for answer in answers.values()} == {"north"}
    _, again = asked(south)
    assert {answer.source for answer in again.values()} == {""}, "it is this project's own by now"
    assert len([event for event in south.events() if event.kind == StepAnswered.kind]) == 3


def test_unchanged_work_is_never_done_twice(root: Path, engine: Engine) -> None:
    run, answers = engine.ask(chain(), command="run", project="p")
    assert value(root, answers["more"]) == 13 and run.outcome == "done" and run.total == 3
    again, same = engine.ask(chain())
    assert calls(root) == 2
    assert all(answer.reused for answer in same.values())
    assert again.reused == ("add", "more", "source") and again.outcome == "done"
    assert {name: each.step for name, each in same.items()} == {
        name: each.step for name, each in answers.items()
    }
    assert again.nodes == run.nodes


def test_an_edit_reruns_only_what_reaches_it_and_equal_answers_stop_it(root: Path, engine: Engine) -> None:
    engine.ask(chain())
    (root / "helper.py").write_text(dedent(HELPER).replace("2 * x", "x * 2"))
    run, answers = engine.ask(chain())
    assert run.reused == ("source",) and not answers["add"].reused
    assert calls(root) == 4
    (root / "helper.py").write_text(dedent(HELPER).replace("FACTOR = 1", "FACTOR = 5"))
    _, answers = engine.ask(chain())
    assert value(root, answers["more"]) == (6 * 5 * 2) * 5 + 1, "the warm worker has loaded the edit"


def test_a_source_is_asked_each_time_and_equal_rows_reuse_the_rest(root: Path, engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("source", params={"n": 3}, remember=False),
            node("add", inputs={"x": Output(node_name="source", name="out")}),
        )
    )
    engine.ask(plan)
    run, answers = engine.ask(plan)
    assert not answers["source"].reused and answers["add"].reused
    assert run.reused == ("add",)


def test_a_hit_whose_bytes_are_gone_or_cut_is_asked_again(root: Path, engine: Engine) -> None:
    _, answers = engine.ask(chain())
    digest = answers["add"].step.outputs["out"].digest
    file = root / ".comporta/store/artifacts" / digest[:2] / digest
    file.unlink()
    _, answers = engine.ask(chain())
    assert not answers["add"].reused and file.exists() and answers["more"].reused
    file.chmod(0o600)
    file.write_bytes(b"")
    _, answers = engine.ask(chain())
    assert not answers["add"].reused


def test_callables_arrive_by_name(root: Path, engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("source", params={"n": 1}),
            node(
                "using",
                uses={"fit": "project.py:fit", "several": ("project.py:fit", "math:floor")},
                inputs={"x": Output(node_name="source", name="out")},
            ),
        )
    )
    _, answers = engine.ask(plan)
    assert value(root, answers["using"]) == 101 + 101 + 1


def test_code_that_is_only_counted_is_not_handed_over(root: Path, engine: Engine) -> None:
    plan = Plan(nodes=(node("source", uses={"_compute": "helper.py:twice"}, params={"n": 1}),))
    assert value(root, engine.ask(plan)[1]["source"]) == 1
    (root / "helper.py").write_text(dedent(HELPER).replace("2 * x", "3 * x"))
    assert not engine.ask(plan)[1]["source"].reused


def test_all_that_a_step_prints_is_its_log(root: Path, engine: Engine) -> None:
    _, answers = engine.ask(Plan(nodes=(node("prints"),)))
    context = StepContext(store=open_store("file://.comporta/store", root), keys=KEYS)
    log = answers["prints"].step.log
    assert log is not None
    assert sorted(context.get(log).decode().split("\n")) == sorted(
        ["", "from python", "from stderr", "from a child", "from below"]
    )


def test_randomness_comes_from_the_recipe(root: Path, engine: Engine) -> None:
    one = Plan(nodes=(node("draws", seed=7), node("seeded", seed=9)))
    other = Plan(nodes=(node("draws", seed=8),))
    _, first = engine.ask(one)
    _, again = engine.ask(one, memory=False)
    _, second = engine.ask(other)
    assert value(root, first["draws"]) == value(root, again["draws"]) != value(root, second["draws"])
    assert value(root, first["seeded"]) == [9, 9]


def test_threads_are_fixed(root: Path, engine: Engine) -> None:
    _, answers = engine.ask(Plan(nodes=(node("threads"),)))
    assert value(root, answers["threads"]) == [1, "1"]


def test_cost_is_measured(root: Path, engine: Engine) -> None:
    _, answers = engine.ask(Plan(nodes=(node("works", params={"megabytes": 300}),)))
    cost = answers["works"].step.cost
    assert cost.peak_memory > 300 << 20 and 0.2 <= cost.cpu_seconds < 5 and cost.wall_seconds >= 0.2
    _, answers = engine.ask(Plan(nodes=(node("works", params={"megabytes": 1}),)))
    assert answers["works"].step.cost.peak_memory < 250 << 20, "each step has a peak of its own"


def test_a_step_that_raises_says_where_and_its_log_holds_the_rest(root: Path, engine: Engine) -> None:
    plan = Plan(
        nodes=(
            node("raises"),
            node("add", inputs={"x": Output(node_name="raises", name="out")}),
            node("source", params={"n": 1}),
        )
    )
    seen: list[tuple[str, str]] = []
    with pytest.raises(StepFailed) as raised:
        engine.ask(plan, progress=lambda name, state, seconds: seen.append((name, state)))
    said = str(raised.value)
    line = dedent(PROJECT).splitlines().index('    raise ValueError(f"bad row: {secret}")') + 1
    assert said.startswith(f"raises: ValueError: bad row: patient 17 (project.py:{line}). Log: file://")
    assert "\n" not in said
    log = Path(said.rpartition("file://")[2]).read_text()
    assert "Traceback" in log and "patient 17" in log
    assert {("source", "done"), ("raises", "failed"), ("add", "skipped")} <= set(seen)
    ledger = ledger_of(root)
    ((_, run),) = ledger.scan(RUNS, newest=True, limit=1)
    assert run.outcome == "failed" and sentence(run.reason) == "raises: ValueError"
    failure = ledger.get(FAILURES, f"{run.id}/raises")
    assert failure is not None and failure.why == "raised" and failure.log is not None
    assert all(b"patient" not in event.body for event in ledger.events()), "no value from the data"


def test_an_error_of_the_house_keeps_its_kind(engine: Engine) -> None:
    with pytest.raises(ExpectationBroken, match="late: found 2"):
        engine.ask(Plan(nodes=(node("expects"),)))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("aborts", "died of SIGABRT"),
        ("killed", "died of SIGKILL: the system ran out of memory, or someone killed it"),
        ("exits", "ended itself with exit code 3"),
        ("leaves", "SystemExit: enough"),
        ("returns", "returned int, expected a dict of assets"),
    ],
)
def test_a_step_that_takes_its_process_along_is_one_clear_message(
    root: Path, engine: Engine, function: str, said: str
) -> None:
    with pytest.raises(StepFailed, match=f"{function}: .*{said}"):
        engine.ask(Plan(nodes=(node(function),)))
    _, answers = engine.ask(chain())
    assert value(root, answers["more"]) == 13, "the next plan runs as if nothing had been"


def test_a_step_that_takes_too_long_is_killed_with_its_children(root: Path, engine: Engine) -> None:
    began = time.monotonic()
    with pytest.raises(LimitPassed, match=r"sleeps: took longer than its limit of 0.5 s"):
        engine.ask(Plan(nodes=(node("sleeps", params={"seconds": 60}, limits=Limits(seconds=0.5)),)))
    assert time.monotonic() - began < 20
    _gone(int((root / "child").read_text()))


def test_a_step_that_holds_too_much_is_killed(engine: Engine) -> None:
    with pytest.raises(LimitPassed, match=r"hogs: held more memory than its limit of 300 MiB"):
        engine.ask(Plan(nodes=(node("hogs", limits=Limits(memory=300 << 20)),)))


def test_scratch_is_gone_when_the_step_ends(root: Path, engine: Engine) -> None:
    _, answers = engine.ask(Plan(nodes=(node("scratches"),)))
    assert not Path(str(value(root, answers["scratches"]))).exists()
    assert list((root / ".comporta/runs").iterdir()) == []


def test_every_step_that_failed_is_named_with_its_reason(root: Path, engine: Engine) -> None:
    failing = (node("raises"), node("raises", name="again"), node("expects"), node("source", params={"n": 1}))
    with pytest.raises(StepFailed) as caught:
        engine.ask(Plan(nodes=failing))
    first, *others = str(caught.value).splitlines()
    assert first.startswith("raises: ValueError: bad row: patient 17 (project.py:") and " Log: " in first
    assert others[0].startswith("again: ValueError: bad row: patient 17 (project.py:")
    assert others[1] == "expects: late: found 2"
    assert " Log: " not in "".join(others)
    ((_, run),) = ledger_of(root).scan(RUNS, newest=True, limit=1)
    assert sentence(run.reason) == "raises: ValueError, again: ValueError, expects: ExpectationBroken"
    assert run.details is not None and run.details.kind == "text"
    assert run.nodes.keys() == {"source"}


@pytest.mark.parametrize("executor", ["inline://", "local://?workers=1"])
def test_a_relative_path_is_of_the_project_wherever_one_stands(
    root: Path,
    executor: str,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    engine = engine_of(root, executor)
    _, answers = engine.ask(Plan(nodes=(node("reads"),)))
    engine.close()
    assert value(root, answers["reads"]) is True
    assert Path.cwd() == elsewhere


def test_in_this_process_a_file_edited_since_it_was_imported_is_never_what_is_remembered(root: Path) -> None:
    engine, plan = engine_of(root, "inline://"), Plan(nodes=(node("source", params={"n": 3}),))
    engine.ask(plan)
    project = root / "project.py"
    project.write_text(project.read_text().replace("context.put_json(n)}", "context.put_json(n + 1)}", 1))
    with pytest.raises(BadProject, match=r"project\.py: found it edited since it was imported"):
        engine.ask(plan)
    with pytest.raises(BadProject, match=r"project\.py: found it edited since it was imported"):
        engine.ask(plan)


def test_memory_off_asks_everything_again_and_remembers_nothing(root: Path, engine: Engine) -> None:
    _, first = engine.ask(chain())
    ledger = ledger_of(root)
    answered = sum(event.kind == StepAnswered.kind for event in ledger.events())
    run, again = engine.ask(chain(), memory=False)
    assert calls(root) == 4 and run.outcome == "done"
    assert {name: each.step.outputs for name, each in again.items()} == {
        name: each.step.outputs for name, each in first.items()
    }
    assert {name: each.recipe for name, each in again.items()} == {n: e.recipe for n, e in first.items()}
    assert sum(event.kind == StepAnswered.kind for event in ledger.events()) == answered
    newest = ledger.get(STEPS, first["add"].recipe)
    assert newest is not None and newest.run == first["add"].step.run


def test_a_constant_that_is_another_in_each_process_is_refused(root: Path, engine: Engine) -> None:
    (root / "project.py").write_text(
        "import os\nPID = os.getpid()\ndef f(context):\n    return {'out': context.put_json(PID)}\n"
    )
    with pytest.raises(BadProject, match=r"found project\.py:PID with another value in each process"):
        engine.ask(Plan(nodes=(node("f"),)))


def test_a_cache_that_this_process_filled_does_not_stand_in_the_way(root: Path, engine: Engine) -> None:
    (root / "project.py").write_text(
        "SEEN = {}\ndef f(context):\n    SEEN['x'] = 1\n    return {'out': context.put_json(len(SEEN))}\n"
    )
    from comporta.project.reference import load_module

    load_module(root / "project.py", root).SEEN["before"] = 1
    _, answers = engine.ask(Plan(nodes=(node("f"),)))
    assert value(root, answers["f"]) == 1


def test_equal_questions_of_one_plan_are_asked_once(root: Path, engine: Engine) -> None:
    source = node("source", params={"n": 2})
    twins = [node("add", f"twin {i}", inputs={"x": Output(node_name="source", name="out")}) for i in range(4)]
    _, answers = engine.ask(Plan(nodes=(source, *twins)))
    assert calls(root) == 1 and value(root, answers["twin 3"]) == 4


def test_two_engines_at_the_same_time_do_the_work_once(root: Path) -> None:
    (root / "project.py").write_text(
        dedent("""
            import time
            from pathlib import Path
            def slow(context, *, n):
                (Path(__file__).parent / "calls").open("a").write("slow\\n")
                time.sleep(0.4)
                return {"out": context.put_json(n)}
        """)
    )
    plan = Plan(nodes=tuple(node("slow", f"slow {n}", params={"n": n}) for n in range(3)))
    reused: list[int] = []
    faults: list[BaseException] = []

    def ask() -> None:
        store = open_store("file://.comporta/store", root)
        engine = Engine(store, KEYS, ledger_of(root), root, now, "local://?workers=2&threads=1")
        try:
            _, answers = engine.ask(plan)
            reused.append(sum(each.reused for each in answers.values()))
        except BaseException as error:
            faults.append(error)
        finally:
            engine.close()

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for each in askers:
        each.start()
    for each in askers:
        each.join()
    assert faults == [] and calls(root) == 3 and sum(reused) == 3


def test_ctrl_c_kills_what_runs_begins_nothing_more_and_says_so(root: Path) -> None:
    plan = "Plan(nodes=tuple(node('sleeps', f'sleeps {n}', params={'seconds': 60 + n}) for n in range(5)))"
    script = _controller(root, plan)
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)
    child = int(_eventually(lambda: (root / "child").read_text() or None))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in said
    _gone(child)
    ((_, run),) = ledger_of(root).scan(RUNS)
    assert run.outcome == "stopped"
    assert all(not claim.holder for _, claim in ledger_of(root).scan(CLAIMS))


def test_a_run_that_somebody_cancels_elsewhere_kills_its_steps_and_then_says_so(
    root: Path, engine: Engine
) -> None:
    steps = tuple(node("sleeps", f"sleeps {n}", params={"seconds": 60 + n}) for n in range(3))
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(engine.ask, Plan(nodes=steps))
        child = int(_eventually(lambda: (root / "child").read_text() or None))
        ledger = ledger_of(root)
        ((run, _),) = ledger.scan(RUNS)
        ledger.transact(lambda tx: tx.append(RunCancelled(run=run, by="")))
        with pytest.raises(CancelledRun, match=f"run {run}: somebody cancelled it"):
            asked.result(timeout=45)
    _gone(child)
    assert sentence(ledger.get(RUNS, run).reason) == "cancelled"
    assert all(not claim.holder for _, claim in ledger.scan(CLAIMS))
    assert ledger.scan(CANCELS) == [], "of a run that ended none is kept"


def pressed_and_lost(name: str, state: str, seconds: float) -> None:
    """Ctrl-C in what a library calls back, which clears the KeyboardInterrupt."""
    if state == "started":
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_that_a_library_swallows_ends_the_run_all_the_same(root: Path) -> None:
    plan = "Plan(nodes=(node('sleeps', 'sleeps', params={'seconds': 60}),)), progress=pressed_and_lost"
    done = subprocess.run(
        [sys.executable, str(_controller(root, plan))], capture_output=True, text=True, timeout=45
    )
    assert "KeyboardInterrupt" in done.stderr
    ((_, run),) = ledger_of(root).scan(RUNS)
    assert run.outcome == "stopped"


def test_workers_end_when_the_engine_is_killed_and_the_next_run_goes_on_at_once(root: Path) -> None:
    script = _controller(
        root, "Plan(nodes=(*chain().nodes, node('sleeps', params={'seconds': 60}, inputs={})))"
    )
    process = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)
    child = int(_eventually(lambda: (root / "child").read_text() or None))
    _eventually(lambda: ledger_of(root).scan(STEPS)[2:] or None)
    process.kill()
    process.wait()
    _gone(child)
    store = open_store("file://.comporta/store", root)
    engine = Engine(store, KEYS, ledger_of(root), root, now, "local://?workers=1&threads=1")
    (root / "project.py").write_text(dedent(PROJECT).replace("time.sleep(seconds)", "pass"))
    began = time.monotonic()
    _, answers = engine.ask(Plan(nodes=(*chain().nodes, node("sleeps", params={"seconds": 60}))))
    engine.close()
    assert all(answers[name].reused for name in ("source", "add", "more"))
    assert time.monotonic() - began < 20, "no lease had to end"
    outcomes = [run.outcome for _, run in ledger_of(root).scan(RUNS)]
    assert outcomes == ["stopped", "done"]


def test_a_holder_that_slept_past_its_lease_is_refused(root: Path) -> None:
    """Fencing: A claims and is stopped; B takes over and answers; A wakes and must not answer too."""
    (root / "project.py").write_text(
        dedent("""
            import os, time
            from pathlib import Path
            def once(context):
                here = Path(__file__).parent
                (here / "child").write_text(str(os.getpid()))
                while not (here / "go").exists():
                    time.sleep(0.01)
                return {"out": context.put_json(1)}
        """)
    )
    script = _controller(root, "Plan(nodes=(node('once'),))", lease=1.0)
    holder = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)
    _eventually(lambda: (root / "child").read_text() or None)
    store = open_store("file://.comporta/store", root)
    ledger = ledger_of(root)
    # Stopped while it waits for its turn at the ledger or does something else, never while it has it: what is
    # stopped there lets nobody else in.
    ledger.transact(lambda transaction: os.kill(holder.pid, signal.SIGSTOP))
    (root / "go").touch()
    engine = Engine(
        store, KEYS, ledger, root, now, "local://?workers=1&threads=1", lease=timedelta(seconds=1)
    )
    _, answers = engine.ask(Plan(nodes=(node("once"),)))
    engine.close()
    assert not answers["once"].reused
    os.kill(holder.pid, signal.SIGCONT)
    _, said = holder.communicate(timeout=30)
    assert holder.returncode == 0, said
    answered = [event for event in ledger.events() if event.kind == StepAnswered.kind]
    assert len(answered) == 1, "the outcome is committed once"
    ((_, claim),) = ledger.scan(CLAIMS)
    assert claim.token == 2
    assert [run.outcome for _, run in ledger.scan(RUNS)] == ["done", "done"]


def _controller(root: Path, plan: str, lease: float = 60.0) -> Path:
    script = root.parent / f"controller_{root.name}.py"
    script.write_text(
        dedent(f"""
            import sys
            from datetime import timedelta
            from pathlib import Path
            sys.path.insert(0, {str(Path(__file__).parent)!r})
            from {Path(__file__).stem} import *
            root = Path({str(root)!r})
            store = open_store("file://.comporta/store", root)
            engine = Engine(store, KEYS, ledger_of(root), root, now, "local://?workers=2&threads=1",
                            lease=timedelta(seconds={lease}))
            try:
                engine.ask({plan})
            finally:
                engine.close()
        """)
    )
    return script


def _eventually(look: object, seconds: float = 30.0) -> str:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := look():  # type: ignore[operator]
                return found  # type: ignore[no-any-return]
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")


def _gone(pid: int) -> None:
    def dead() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            pass
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    _eventually(dead)
