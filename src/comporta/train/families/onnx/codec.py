"""ONNX graphs, less what their makers sign them with."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered


class OnnxGraph:
    """An `onnx.ModelProto`: what an exported model is kept as."""

    name = "onnx"

    def accepts(self, model: Any) -> bool:
        """Whether it is a graph."""
        return type(model).__module__.startswith("onnx.") and type(model).__name__ == "ModelProto"

    def encode(self, model: Any) -> bytes:
        """Deterministic protobuf without producer, dates and free text."""
        clean = type(model)()
        clean.CopyFrom(model)
        for name in ("producer_name", "producer_version", "domain", "doc_string"):
            clean.ClearField(name)
        clean.graph.name = "model"
        clean.graph.ClearField("doc_string")
        for node in clean.graph.node:
            node.ClearField("doc_string")
        opsets = sorted(clean.opset_import, key=lambda each: each.domain)
        kept = [(each.domain, each.version) for each in opsets]
        del clean.opset_import[:]
        for domain, version in kept:
            clean.opset_import.add(domain=domain, version=version)
        data: bytes = clean.SerializeToString(deterministic=True)
        return data

    def decode(self, data: bytes) -> Any:
        """The graph, checked."""
        import onnx
        from google.protobuf.message import DecodeError

        try:
            model = onnx.load_from_string(data)
            onnx.checker.check_model(model)
        except (DecodeError, onnx.checker.ValidationError) as fault:
            raise Tampered(f"model: its ONNX graph cannot be read: {fault}") from fault
        if any(each.data_location for each in model.graph.initializer):
            raise Tampered("model: found an ONNX graph that reads other files, expected one that is whole.")
        return model
