"""`comporta[grpc]`, and nothing else: a server answers over gRPC, refuses by gRPC's codes, and ends."""

import asyncio
import socket
import sys

import grpc
import numpy as np

from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.grpc.messages import ModelInferRequest, ModelInferResponse
from comporta.testing.serving import MemorySink, MemorySource

FIELDS = (Field(name="x", type="Float64"),)
TAKES = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")


def double(model: str, number: int) -> LoadedVersion:
    def predict(frame):
        return ModelScores(2 * frame["x"].to_numpy(), None)

    return LoadedVersion(model=model, number=number, signature=TAKES, predict=predict)


async def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = MemorySource(double, {"double": (Share(version=1, weight=1.0),)})
    async with App(source, sink := MemorySink(), key=b"k" * 32) as app:
        app.open_grpc("127.0.0.1", port, 5.0)
        assert app.grpc is not None
        await app.grpc.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
            message = ModelInferRequest(
                model_name="double", raw_input_contents=[np.array([1.5, 4.0]).tobytes()]
            )
            message.inputs.add(name="x", datatype="FP64", shape=[2])
            answer = ModelInferResponse.FromString(await call(message.SerializeToString()))
            told = np.frombuffer(answer.raw_output_contents[0]).tolist()
            code = None
            try:
                await call(b"\xff")
            except grpc.aio.AioRpcError as error:
                code = error.code()
        await app.grpc.stop()
    if told != [3.0, 8.0] or code != grpc.StatusCode.INVALID_ARGUMENT:
        sys.exit(f"found {told} and {code}")
    if [each.inputs for each in sink.observations] != [{"x": 1.5}, {"x": 4.0}]:
        sys.exit(f"logged {sink.observations}")


asyncio.run(main())
