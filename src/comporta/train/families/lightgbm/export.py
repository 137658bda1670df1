"""LightGBM's models as ONNX graphs, by onnxmltools. Imported only while exporting."""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np

from comporta.records import Signature


def convert(model: Any, inputs: list[Any], signature: Signature) -> Any:
    """The graph of one of its estimators; None of another model, which may hold one inside: skl2onnx knows it
    from now on."""
    if type(model).__module__ == "lightgbm.sklearn":
        return _convert_lightgbm(model, inputs)
    _register_lightgbm()
    return None


def _convert_lightgbm(model: Any, inputs: list[Any]) -> Any:
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    if getattr(getattr(model, "classes_", None), "dtype", None) == np.bool_:
        # The converter knows labels as numbers and strings only.
        model = copy.copy(model)
        model._classes = model._classes.astype(np.int64)
    return convert_lightgbm(model, "model", [("X", FloatTensorType(inputs[0][1].shape))], zipmap=False)


def _register_lightgbm() -> None:
    lightgbm = sys.modules.get("lightgbm")
    if lightgbm is None:
        return
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    update_registered_converter(
        lightgbm.LGBMClassifier, "LightGbmLGBMClassifier", calculate_linear_classifier_output_shapes,
        convert_lightgbm, options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
    )  # fmt: skip
    update_registered_converter(
        lightgbm.LGBMRegressor, "LightGbmLGBMRegressor", calculate_linear_regressor_output_shapes,
        convert_lightgbm, options={"split": None},
    )  # fmt: skip
