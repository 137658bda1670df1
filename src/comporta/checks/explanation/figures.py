"""What the figures of explanations are called."""

from __future__ import annotations

from comporta.records import quantity

RESIDUAL = quantity("additivity_residual", "additivity residual")
APART = quantity("explained_less_given", "answer explained less answer given")
SHAP_SHARE = quantity("shap_share", "SHAP share")
