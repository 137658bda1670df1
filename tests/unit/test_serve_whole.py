"""Whole numbers at the ends of what their type holds."""

import numpy as np
import pytest

from comporta.errors import BadRequest
from comporta.records import Field, Signature
from comporta.serve.schema import RequestSchema


@pytest.mark.parametrize(("kind", "last"), [("Int64", 2.0**63), ("UInt64", 2.0**64), ("Int32", 2.0**31)])
def test_a_number_one_above_the_largest_is_refused_though_a_double_cannot_tell_them_apart(kind, last):
    field = Field(name="n", type=kind)
    schema = RequestSchema(Signature(raw=(field,), features=(field,), output="label", task="binary"))
    schema.check_array(np.array([[np.nextafter(last, 0.0) // 1]]))
    with pytest.raises(BadRequest, match="column 'n', row 0"):
        schema.check_array(np.array([[last]]))
