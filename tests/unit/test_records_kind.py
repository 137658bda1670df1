"""How messages name what was found."""

from __future__ import annotations

import pytest

from comporta.records.kind import kind_of, with_article


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "nothing (None)"), (3, "an integer"), (True, "a boolean"), (2.5, "a number"), ("x", "text"),
        ({}, "a dict"), (int, "the class int"), (3j, "a complex"),
        (with_article, "the function with_article"),
    ],
)  # fmt: skip
def test_a_value_is_named_as_people_say_it(value: object, said: str) -> None:
    assert kind_of(value) == said


@pytest.mark.parametrize(
    "said", ["an SVC", "an LGBMClassifier", "a Ridge", "an ElasticNet", "a KNN", "an int", "a Pipeline"]
)
def test_the_article_goes_by_the_sound(said: str) -> None:
    assert with_article(said.partition(" ")[2]) == said
