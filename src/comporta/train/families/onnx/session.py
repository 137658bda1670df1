"""A graph in ONNX Runtime."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64}
"""Types of a table of numbers, by ONNX Runtime's names."""


def open_session(graph: bytes) -> Any:
    """It in ONNX Runtime, on one thread."""
    # Loading it would write a device id into the home folder and send usage to its makers.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
