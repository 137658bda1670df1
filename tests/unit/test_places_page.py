"""The page of places says what is declared, and each declaration says how a person is erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.records.places import PLACES, StoredPlace, place_of

PAGE = Path(__file__).parents[2] / "docs/reference/places.md"


def row(place: StoredPlace) -> str:
    paths = ", ".join(f"`{each}`" for each in place.paths)
    return f"| {place.name} | {place.base}: {paths} | {place.holds} | {place.erased} | {place.lifetime} |"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_each_place_stands_on_the_page_as_it_is_declared(place: StoredPlace) -> None:
    assert row(place) in PAGE.read_text().splitlines(), f"docs/reference/places.md: expected\n{row(place)}"
    assert place.erased.endswith(".")


def test_a_pattern_covers_what_lies_in_it_and_the_folders_on_the_way() -> None:
    assert place_of("store", "data/visits/objects/3f/x.parquet") is not None
    assert place_of("store", "data/visits/objects/3f", folder=True) is not None
    assert place_of("store", "data/visits/objects/3f") is None
    assert place_of("store", "data/visits/objects/3f/x/y") is None
    assert place_of("project", ".comporta/runs/a/step-1/log") is not None
    assert place_of("project", ".comporta/other") is None
