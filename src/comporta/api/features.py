"""The columns that models read, as a listing."""

from __future__ import annotations

from comporta.acts.data.feature_uses import FeatureUse, feature_uses
from comporta.api.listing import Listing
from comporta.opened.project import OpenProject

COLUMNS = ("column", "type", "feature", "made by", "from", "used by")


def feature_listing(opened: OpenProject, name: str = "") -> Listing[FeatureUse]:
    """Those of this name, of this column of a dataset or of this model; empty: all. Raises NotFound."""
    return Listing(feature_uses(opened, name), title="features", columns=COLUMNS, row=_row)


def _row(use: FeatureUse) -> tuple[object, ...]:
    return use.name, use.type, use.feature, use.made_by, use.source, use.used_by
