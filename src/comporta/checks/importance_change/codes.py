"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

OWN_IMPORTANCE_MISSING = code(
    "evidence.own_importance_missing", "this version's importance could not be measured"
)
NO_LIKE_IMPORTANCES = code("evidence.no_like_importances", "it kept no importances measured alike")
IMPORTANCE_MOVED = code(
    "evidence.importance_moved",
    "Moved is half the sum of the changes of shares; its interval is as far as resampling both versions' "
    "rows moves shares at 95 %. A feature of one version alone has no share in the other.",
)
