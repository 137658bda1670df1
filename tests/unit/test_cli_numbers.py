"""Numbers in tables: plain, with thousands, as many digits as count."""

from __future__ import annotations

import pytest

from comporta.cli.show import number


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (-7654321.5, "-7,654,322"), (1234.5, "1,234.5"), (0.00123456789, "0.00123457"), (0.1 + 0.2, "0.3"),
        (2024.0, "2,024"), (100.0, "100"), (0.0, "0"), (1e15, "1e+15"), (1e-7, "1e-07"),
        (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_a_number_is_written_as_people_read_it(amount: float, said: str) -> None:
    assert number(amount) == said
