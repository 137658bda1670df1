"""How many workers a server has: a core each, as far as memory and a container's limits allow."""

from __future__ import annotations

from pathlib import Path

from comporta.acts.serve.worker_count import (
    WORKER_MEMORY,
    threads_of_each,
    usable_cores,
    usable_memory,
    workers_within,
)
from comporta.engine.local import cores


def test_one_a_core_as_far_as_memory_allows_and_at_least_one() -> None:
    assert workers_within(4, 100 * WORKER_MEMORY) == 4
    assert workers_within(8, 3 * WORKER_MEMORY + 1) == 3
    assert workers_within(8, 0) == 1


def test_workers_share_the_cores_that_a_container_may_use(tmp_path: Path) -> None:
    assert threads_of_each(1, tmp_path) == cores() and threads_of_each(cores() + 1, tmp_path) == 1
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert threads_of_each(1, tmp_path) == 1


def test_what_a_container_may_use_counts_where_it_is_less(tmp_path: Path) -> None:
    assert usable_cores(tmp_path, 8) == 8 and usable_memory(tmp_path, 1000) == 1000
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("700\n")
    (tmp_path / "memory.current").write_text("100\n")
    assert usable_cores(tmp_path, 8) == 2 and usable_cores(tmp_path, 1) == 1
    assert usable_memory(tmp_path, 1000) == 600 and usable_memory(tmp_path, 50) == 50
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert usable_cores(tmp_path, 8) == 8 and usable_memory(tmp_path, 1000) == 1000
