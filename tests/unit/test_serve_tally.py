"""What was answered and written is counted where the next process finds it."""

from __future__ import annotations

from pathlib import Path

from comporta.serve.tally import ANSWERED, LOST, WRITTEN, RowCounts, Tally, is_abandoned, read_tally


def test_numbers_are_in_the_file_as_soon_as_they_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "one.tally"
    tally = Tally(path)
    tally.cells[tally.place("late", 3) + ANSWERED] += 7
    tally.cells[tally.place("worth", 1) + ANSWERED] += 2
    tally.cells[tally.place("late", 3) + WRITTEN] += 5
    tally.cells[tally.place("late", 3) + LOST] += 1
    expected = {("late", 3): RowCounts(7, 5, 1), ("worth", 1): RowCounts(2)}
    assert read_tally(path.read_bytes()).counts == tally.counts() == expected


def test_a_file_is_abandoned_once_its_process_is_gone(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "one.tally")
    assert not is_abandoned(tmp_path / "one.tally")
    tally.close()
    assert is_abandoned(tmp_path / "one.tally")
    assert not is_abandoned(tmp_path / "none.tally")


def test_without_a_file_it_counts_all_the_same() -> None:
    tally = Tally()
    tally.cells[tally.place("late", 3) + ANSWERED] += 1
    assert tally.counts() == {("late", 3): RowCounts(1)}


def test_more_versions_than_there_is_room_for_are_counted_together() -> None:
    tally = Tally()
    places = [tally.place("m", number) for number in range(5000)]
    assert len(set(places)) == 4096 and places[-1] == places[4095]


def test_a_file_cut_short_or_empty_says_what_it_can(tmp_path: Path) -> None:
    path = tmp_path / "one.tally"
    tally = Tally(path)
    tally.cells[tally.place("late", 3) + ANSWERED] += 7
    data = path.read_bytes()
    whole = len(data) - 4095 * 512
    assert read_tally(data[:whole]).counts == {("late", 3): RowCounts(7)}
    assert read_tally(data[: whole - 1]).counts == read_tally(data[:100]).counts == {}
    assert read_tally(b"").counts == read_tally(b"\0" * 1000).counts == {}
