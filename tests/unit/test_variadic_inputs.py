"""Recipes hold these names: they are as they were, and read back as what they were made of."""

from comporta.records.variadic_input import earlier_input, earlier_inputs, table_input, table_inputs


def test_names_of_inputs_are_those_that_recipes_hold():
    assert (earlier_input(1), table_input("weather")) == ("earlier 1", "table weather")


def test_what_a_step_is_handed_is_read_by_number_newest_first_and_by_dataset():
    handed = {earlier_input(10): "b", table_input("earlier 3"): "t", "machine": "m", earlier_input(2): "a"}
    assert list(earlier_inputs(handed).items()) == [(2, "a"), (10, "b")]
    assert table_inputs(handed) == {"earlier 3": "t"}
