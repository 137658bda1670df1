"""What workers share: pages that one writes and all read, locks that die with their process, quotas."""

from __future__ import annotations

import os

import pytest

from comporta.serve.metric_sample import MetricSample, add_up
from comporta.serve.shared_pages import PRESENT, SharedLock, SharedPages, shared_memory
from comporta.serve.shared_quotas import SharedQuotas
from comporta.serve.sibling_workers import SiblingWorkers


@pytest.fixture
def memory() -> int:
    return shared_memory(3)


def elsewhere(act) -> int:
    """What the function gives in another process, a small number."""
    child = os.fork()
    if child == 0:
        os._exit(act())
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_page_says_what_was_written_last_and_each_is_apart(memory: int) -> None:
    mine, theirs = SharedPages(memory, 3), SharedPages(memory, 3)
    assert mine.pages[1].read() == b""
    for data in (b"one", b"a longer one", b"3"):
        mine.pages[1].write(data)
        assert theirs.pages[1].read() == data
    mine.pages[1].write(b"x" * 2**20)  # more than a page holds
    assert theirs.pages[1].read() == b"3"
    assert theirs.pages[0].read() == theirs.pages[2].read() == b""


def test_a_worker_killed_while_it_writes_leaves_what_it_said_before(memory: int) -> None:
    page = SharedPages(memory, 3).pages[0]
    page.write(b"before")
    page._halves[(page.words[4] + 1) % 2][:] = b"z" * len(page._halves[0])  # and no word that says so
    assert page.read() == b"before"


def test_a_lock_is_held_by_one_process_and_free_again_when_that_ends(memory: int) -> None:
    lock = SharedLock(memory, 0)

    def take_here() -> int:
        return int(SharedLock(memory, 0).take())

    assert lock.take()
    assert elsewhere(take_here) == 0
    assert elsewhere(lambda: int(SharedLock(memory, 1).take())) == 1  # another lock
    with lock.hold():
        pass
    assert elsewhere(take_here) == 1
    assert elsewhere(take_here) == 1  # the one before ended with it in its hands


def test_each_worker_counts_for_itself_and_reads_what_the_others_count(memory: int) -> None:
    def quotas(index: int) -> SharedQuotas:
        return SharedQuotas(SharedPages(memory, 3).quotas, SharedLock(memory, 0), index, 3)

    one = quotas(0)
    one.own_cells("a", "day")[1] += 5

    def count() -> int:
        two = quotas(1)
        two.own_cells("b", "day")[1] += 9
        two.own_cells("a", "day")[1] += 2
        return sum(each[1] for each in two.other_cells("a", "day"))

    assert elsewhere(count) == 5
    assert [each[1] for each in one.other_cells("a", "day")] == [2, 0]
    assert [each[1] for each in one.other_cells("b", "day")] == [9, 0]
    assert [each[1] for each in one.other_cells("a", "minute")] == [0, 0]
    assert one.own_cells("a", "day")[1] == 5
    assert quotas(1).own_cells("a", "day")[1] == 2  # whoever takes its place goes on from there


def test_more_quotas_than_there_is_room_for_share_the_last(memory: int) -> None:
    quotas = SharedQuotas(memoryview(bytearray(3 * 56)), SharedLock(memory, 0), 0, 1)
    for name in "abcd":
        quotas.own_cells(name, "day")[1] += 1
    assert [quotas.own_cells(name, "day")[1] for name in "abcd"] == [1, 1, 2, 2]


def number(samples: list[MetricSample], name: str) -> float:
    return sum(each.value for each in samples if each.name == name)


def test_numbers_of_all_workers_are_one_and_those_of_one_that_ended_go_on_counting(memory: int) -> None:
    def samples(requests: int, waiting: int, sealed: float) -> list[MetricSample]:
        return [
            MetricSample("requests_total", requests, (("route", "infer"),)),
            MetricSample("observations_waiting", waiting, kind="now"),
            MetricSample("seal_last_seconds", sealed, (("log", "a"),), "latest"),
        ]

    one, two = (SiblingWorkers(SharedPages(memory, 3), index) for index in (0, 1))
    for each, values in ((one, (7, 1, 100.5)), (two, (5, 2, 90.0))):
        each.take_connections(3)
        each.publish(samples(*values))
    found = one.everywhere()
    assert found == two.everywhere() or sorted(found) == sorted(two.everywhere())
    assert [number(found, name) for name in ("requests_total", "observations_waiting")] == [12, 3]
    assert number(found, "seal_last_seconds") == 100.5
    assert number(found, "worker_restarts_total") == 0
    SharedPages(memory, 3).pages[1].words[PRESENT] = 0  # the supervisor found it dead
    assert number(one.everywhere(), "requests_total") == 12
    assert number(one.everywhere(), "observations_waiting") == 1
    another = SiblingWorkers(SharedPages(memory, 3), 1)
    another.take_connections(0)
    another.publish(samples(2, 4, 80.0))
    found = one.everywhere()
    assert [number(found, name) for name in ("requests_total", "observations_waiting")] == [14, 5]
    assert number(found, "worker_restarts_total") == 1


def test_connections_are_left_to_whoever_has_fewer_and_is_there(memory: int) -> None:
    one, two = (SiblingWorkers(SharedPages(memory, 3), index) for index in (0, 1))
    assert not one.has_fewer(5) and one.should_take(looked=False)
    two.take_connections(3)
    assert not one.should_take(looked=False)
    assert one.has_fewer(4) and not one.has_fewer(3)
    two.take_connections(0, present=False)
    assert not one.has_fewer(4)


def test_a_worker_takes_connections_once_it_answers_all_that_those_do_that_take_them(memory: int) -> None:
    one, two = (SiblingWorkers(SharedPages(memory, 2), index) for index in range(2))
    assert one.should_take(looked=False), "nobody else answers"
    one.take_connections(0)
    one.answer_models(2)
    assert not two.should_take(looked=False), "it is still loading"
    two.answer_models(1)
    assert not two.should_take(looked=True), "the other has a model that it could not load"
    two.answer_models(2)
    assert two.should_take(looked=True)
    two.answer_models(0)
    one.take_connections(0, present=False)
    assert two.should_take(looked=True), "better an error than no answer"


def test_samples_of_one_name_labels_and_kind_are_added_and_of_the_latest_the_largest_is_told() -> None:
    labels = (("model", "late"),)
    lost = [MetricSample("observations_lost_total", n, labels, "latest") for n in (3, 5)]
    own = [MetricSample("observations_lost_total", n, labels, "now") for n in (1, 2)]
    assert add_up([*lost, *own]) == [
        MetricSample("observations_lost_total", 5, labels, "latest"),
        MetricSample("observations_lost_total", 3, labels, "now"),
    ]
