"""Forward: what a version, a dataset version, a row or a subject touched."""

from __future__ import annotations

from typing import Any

from comporta.data import (
    find_feedback,
    key_text,
    manifest_of,
    predictions_frame,
    rows_of,
    slice_of,
    subject_mark,
)
from comporta.errors import NotFound
from comporta.loop.house import House
from comporta.loop.lineage import QUESTIONS, after, data_place
from comporta.loop.places import Place
from comporta.loop.release import models, version_of
from comporta.loop.rows import bundle_of, key_of, learned_rows
from comporta.loop.serving import predictions_of
from comporta.loop.tree import Tree
from comporta.records import Version
from comporta.release import ROUTES

SHOWN = 5
