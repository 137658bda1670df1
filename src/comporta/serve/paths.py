"""Every path there is. What is not in this table is not served."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from comporta.records.token import TokenAction

GRPC = "GRPC"
"""Stands where HTTP has a method."""
MODEL = r"(?P<model>[^/:]{1,200})"
VERSION = r"(?:/versions/(?P<version>[^/]{1,20}))?"


class RoutePath(msgspec.Struct, frozen=True):
    """One route. name: the function that answers. action: what a token must be for, or `open`: it is answered
    to everybody. protocol: of its errors, `v2`, `mlflow` or `grpc`."""

    method: str
    path: str
    name: str
    action: TokenAction | Literal["open"]
    protocol: str = "v2"

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches its path."""
        text = self.path.replace("[/versions/{version}]", VERSION).replace("{model}", MODEL)
        return re.compile(text)


PATHS = (
    RoutePath("GET", "/v2", "server", "metadata"),  # name, version and extensions of the server
    RoutePath("GET", "/v2/health/live", "live", "open"),  # 200 while the process answers
    RoutePath("GET", "/v2/health/ready", "ready", "open"),  # 200 once every released model answers, else 503
    # What was counted of each version, as Triton tells it; before the models, as whose name it could be read.
    RoutePath("GET", "/v2/models/stats", "statistics", "metadata"),
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]/stats", "statistics", "metadata"),
    # The versions that answer, and those that cannot, as Triton tells them.
    RoutePath("POST", "/v2/repository/index", "index", "metadata"),
    # Columns and outputs, in the words of a Triton configuration.
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]/config", "config", "metadata"),
    # Columns, outputs, versions of a model.
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]", "metadata", "metadata"),
    # 200 once this model answers.
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]/ready", "model_ready", "metadata"),
    # Predictions, Open Inference v2.
    RoutePath("POST", "/v2/models/{model}[/versions/{version}]/infer", "infer", "predict"),
    # Predictions, as MLflow has it, of the only model, and of a model by name.
    RoutePath("POST", "/invocations", "invoke", "predict", "mlflow"),
    RoutePath("POST", "/models/{model}/invocations", "invoke", "predict", "mlflow"),
    # Predictions, KServe v1; its models, and 200 once one answers.
    RoutePath("POST", "/v1/models/{model}:predict", "predict", "predict"),
    RoutePath("GET", "/v1/models", "models", "metadata"),
    RoutePath("GET", "/v1/models/{model}", "model_ready", "metadata"),
    # What is known of a key: the features that a request about it would be answered from.
    RoutePath("GET", "/features/{model}[/versions/{version}]", "feature_row", "features"),
    RoutePath("GET", "/", "front_page", "metadata"),  # what is released and how to ask, for people
    RoutePath("GET", "/openapi.json", "openapi", "metadata"),  # each model's request and answer
    RoutePath("GET", "/ping", "ping", "open", "mlflow"),  # 200 once something answers, else 404
    RoutePath("GET", "/health", "ping", "open", "mlflow"),  # the same
    RoutePath("GET", "/version", "version", "metadata", "mlflow"),  # the version of Comporta, as text
    RoutePath("POST", "/feedback", "feedback", "feedback"),  # what came true, by prediction id
    # Requests, observations written, waiting and lost, as Prometheus reads them.
    RoutePath("GET", "/metrics", "metrics", "metrics"),
)
_SERVICE = "/inference.GRPCInferenceService"
GRPC_METHODS = (
    RoutePath(GRPC, f"{_SERVICE}/ServerLive", "grpc_live", "open", "grpc"),  # true while the process answers
    # Whether every released model answers.
    RoutePath(GRPC, f"{_SERVICE}/ServerReady", "grpc_ready", "open", "grpc"),
    # Whether this model answers.
    RoutePath(GRPC, f"{_SERVICE}/ModelReady", "grpc_model_ready", "metadata", "grpc"),
    # Name and version of the server.
    RoutePath(GRPC, f"{_SERVICE}/ServerMetadata", "grpc_server", "metadata", "grpc"),
    # Columns, outputs, versions of a model.
    RoutePath(GRPC, f"{_SERVICE}/ModelMetadata", "grpc_metadata", "metadata", "grpc"),
    # Predictions.
    RoutePath(GRPC, f"{_SERVICE}/ModelInfer", "grpc_infer", "predict", "grpc"),
)
"""The methods over gRPC, with `comporta serve --grpc`; its messages name the model. None of them is a path of
HTTP."""
_PATTERNS = [(route, route.pattern) for route in PATHS]


class MatchedPath(msgspec.Struct, frozen=True):
    """A route with what its path names."""

    route: RoutePath
    model: str | None = None
    version: str | None = None


def match_path(method: str, path: str) -> MatchedPath | list[str]:
    """The route of a path; or the methods that it takes, none where there is no such path."""
    allowed = []
    for route, pattern in _PATTERNS:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if route.method == method:
            named = match.groupdict()
            return MatchedPath(route, named.get("model"), named.get("version"))
        if route.method not in allowed:
            allowed.append(route.method)
    return allowed


def protocol_at(path: str) -> str:
    """The protocol in whose form an error on this path is told, whatever the method."""
    return next((route.protocol for route, pattern in _PATTERNS if pattern.fullmatch(path)), "v2")
