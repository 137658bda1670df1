"""What NVIDIA's client asks a server over gRPC, one line of JSON after another; run in its own environment.

python grpc_client.py HOST:PORT [CERTIFICATE]
"""

import json
import sys
from pathlib import Path

import grpc
import numpy as np
import tritonclient.grpc as triton
from google.protobuf.descriptor_pb2 import DescriptorProto
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

MEMBERS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
    "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
    "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip


class Asked:
    def __init__(self, address, certificate=None):
        ssl = {} if certificate is None else {"ssl": True, "root_certificates": certificate}
        self.client = triton.InferenceServerClient(address, **ssl)
        self.channel = (
            grpc.insecure_channel(address)
            if certificate is None
            else grpc.secure_channel(address, grpc.ssl_channel_credentials(Path(certificate).read_bytes()))
        )

    def live(self):
        return self.client.is_server_live()

    def ready(self):
        return self.client.is_server_ready()

    def model_ready(self, model, version=""):
        return self.client.is_model_ready(model, version)

    def server(self):
        return self.client.get_server_metadata(as_json=True)

    def metadata(self, model, headers=None):
        return self.client.get_model_metadata(model, as_json=True, headers=headers)

    def config(self, model):
        return self.client.get_model_config(model, as_json=True)

    def index(self):
        return self.client.get_model_repository_index(as_json=True)

    def statistics(self):
        return self.client.get_inference_statistics(as_json=True)

    def infer(self, model, inputs, version="", id="", parameters=None, headers=None, outputs=None, pack=None):
        made = []
        for each in inputs:
            kind = object if each["datatype"] == "BYTES" else triton_to_np_dtype(each["datatype"])
            values = np.array(each["data"], dtype=kind).reshape(each["shape"])
            assert np_to_triton_dtype(values.dtype) == each["datatype"]
            tensor = triton.InferInput(each["name"], each["shape"], each["datatype"])
            tensor.set_data_from_numpy(values)
            made.append(tensor)
        wanted = None if outputs is None else [triton.InferRequestedOutput(each) for each in outputs]
        result = self.client.infer(
            model, made, model_version=version, request_id=id, parameters=parameters, headers=headers,
            outputs=wanted, compression_algorithm=pack,
        )  # fmt: skip
        return told(result.get_response(), result)

    def typed(self, model, inputs):
        request = service_pb2.ModelInferRequest(model_name=model)
        for each in inputs:
            tensor = request.inputs.add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
            data = each["data"]
            if each["datatype"] == "BYTES":
                data = [text.encode() for text in data]
            getattr(tensor.contents, MEMBERS[each["datatype"]]).extend(data)
        response = self.client._client_stub.ModelInfer(request)
        return told(response, triton.InferResult(response))

    def octets(self, method, data, headers=None, seconds=30):
        """Any bytes to any method: the code, its words, the trailing metadata."""
        call = self.channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
        try:
            _, done = call.with_call(bytes.fromhex(data), timeout=seconds, metadata=headers)
        except grpc.RpcError as error:
            done = error
        trailing = {name: str(value) for name, value in done.trailing_metadata() or ()}
        return {"code": done.code().name, "words": done.details(), "trailing": trailing}

    def nothing(self):
        """A request without a message."""
        try:
            self.channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")(iter([]), timeout=20)
        except grpc.RpcError as error:
            return {"code": error.code().name, "words": error.details()}
        return {"code": "OK", "words": ""}

    def zeros(self, megabytes, pack=False):
        """A message of so many."""
        call = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        try:
            call(bytes(megabytes * 2**20), compression=grpc.Compression.Gzip if pack else None)
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    def descriptors(self, names):
        found = {}
        for name in names:
            made = DescriptorProto()
            getattr(service_pb2, name).DESCRIPTOR.CopyToProto(made)
            found[name] = made.SerializeToString(deterministic=True).hex()
        return found


def told(response, result):
    values = {each.name: result.as_numpy(each.name) for each in response.outputs}
    return {
        "model": response.model_name,
        "version": response.model_version,
        "id": response.id,
        "outputs": {
            name: [each.decode() if isinstance(each, bytes) else each for each in array.tolist()]
            for name, array in values.items()
        },
    }


def main():
    asked = Asked(*sys.argv[1:])
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            found = {"found": getattr(asked, wanted.pop("do"))(**wanted)}
        except InferenceServerException as error:
            found = {"code": str(error.status()).removeprefix("StatusCode."), "words": error.message()}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
