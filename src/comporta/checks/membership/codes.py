"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

TOO_FEW_MEMBERS = code(
    "evidence.too_few_members",
    "{members:,} members and {others:,} others, at least {least} of each expected",
    members=int, others=int, least=int,
)  # fmt: skip
BESIDE_REFERENCE = code("evidence.beside_reference", "beside a reference")
ALONE = code("evidence.signal_alone", "alone")
ELSEWHERE = code(
    "evidence.membership_elsewhere",
    "the test rows are of another population than the training rows (told apart with an area of {area:.2f}), "
    "and rows of elsewhere look as if never seen",
    area=float,
)
