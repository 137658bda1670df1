"""What someone would write by hand for one model: a request read, asked of ONNX Runtime, and answered.

It checks nothing, logs nothing and answers without ids.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import onnxruntime

from _serve_echo import Body

_decode, _encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode


def onnx_app(graph: bytes) -> Any:
    """An ASGI application: the label and the second class's probability of each row."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    (first,) = session.get_inputs()
    kind = np.float32 if first.type == "tensor(float)" else np.float64
    label_name, probability_name = (each.name for each in session.get_outputs())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        tensor = _decode(body).inputs[0]
        rows = np.array(tensor.data, dtype=kind).reshape(tensor.shape)
        label, probability = session.run([label_name, probability_name], {first.name: rows})
        n = len(rows)
        outputs = [
            {"name": "label", "datatype": "BOOL", "shape": [n], "data": label.tolist()},
            {"name": "probability", "datatype": "FP64", "shape": [n], "data": probability[:, 1].tolist()},
        ]
        answer = _encode({"model_name": "onnx", "outputs": outputs})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app
