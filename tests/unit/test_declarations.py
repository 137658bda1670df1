"""What a user declares explains each of its fields, one line each, with an example that runs."""

import doctest
import re
import sys

import msgspec
import pytest

from comporta import (
    AsOf,
    Column,
    Dataset,
    Features,
    Limits,
    Model,
    Person,
    Project,
    Schedule,
    Window,
    releases,
)

AT_ROOT = (AsOf, Column, Dataset, Features, Limits, Model, Person, Project, Schedule, Window)
OF_RELEASES = tuple(getattr(releases, name) for name in releases.__all__)
DECLARATIONS = (*AT_ROOT, *OF_RELEASES)


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda each: each.__name__)
def test_each_field_has_a_line_in_the_order_of_the_record(declaration):
    explained = re.findall(r"^    (\w+): ", declaration.__doc__, re.M)
    assert explained == [field.name for field in msgspec.structs.fields(declaration)]


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda each: each.__name__)
def test_its_example_runs(declaration):
    names = vars(sys.modules[declaration.__module__])
    tests = doctest.DocTestFinder(recurse=False).find(declaration, declaration.__name__, globs=dict(names))
    results = [doctest.DocTestRunner().run(each) for each in tests]
    assert sum(each.attempted for each in results) > 0
    assert sum(each.failed for each in results) == 0


def test_every_declaration_that_the_root_offers_is_here():
    import comporta

    offered = {name for name in comporta.__all__ if isinstance(getattr(comporta, name), type)}
    assert offered - {"ComportaError"} == {each.__name__ for each in AT_ROOT}
