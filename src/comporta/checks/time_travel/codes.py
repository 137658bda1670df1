"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NOTHING_JOINED = code(
    "evidence.nothing_joined",
    "no feature is joined: all are declared known when the model is asked",
)
ROWS_WITHOUT_TIME = code(
    "evidence.rows_without_time",
    "the rows that ask have no time to hold the joined ones against; give their dataset a `time`",
)
JOINED_WITHOUT_TIME = code(
    "evidence.joined_without_time", "{join}: joined rows without a time of arrival", join=str
)
