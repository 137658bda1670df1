"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

UNKNOWN_BUILD = code("evidence.unknown_build", "how a {estimator} is built is not known here", estimator=str)
OF_WORDS = code("evidence.of_words", "{feature}: {words:,} words", feature=str, words=int)
