"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_VERSION_TO_READ = code(
    "evidence.no_version_to_read", "no version of {datasets} is there to be read", datasets=tuple
)
NO_EXPECTATION = code("evidence.no_expectation", "no dataset that the features read declares an expectation")
