"""What the figures of proxies are called."""

from __future__ import annotations

from comporta.records import quantity

ANSWERS_TELL = quantity("answers_tell", "answers tell")
FEATURE_TELLS = quantity("feature_tells", "one feature tells")
