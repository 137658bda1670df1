"""Every path there is. What is not in this table is not served."""

from __future__ import annotations

import re

import msgspec

MODEL = r"(?P<model>[^/]{1,200})"
VERSION = r"(?:/versions/(?P<version>[^/]{1,20}))?"


class RoutePath(msgspec.Struct, frozen=True):
    """One route. name: the function that answers. protocol: of its errors, `v2` or `mlflow`."""

    method: str
    path: str
    name: str
    protocol: str = "v2"

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches its path."""
        text = self.path.replace("[/versions/{version}]", VERSION).replace("{model}", MODEL)
        return re.compile(text)


PATHS = (
    RoutePath("GET", "/v2", "server"),  # name, version and extensions of the server
    RoutePath("GET", "/v2/health/live", "live"),  # 200 while the process answers
    RoutePath("GET", "/v2/health/ready", "ready"),  # 200 once every released model answers, else 503
    # Columns, outputs, versions of a model.
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]", "metadata"),
    # 200 once this model answers.
    RoutePath("GET", "/v2/models/{model}[/versions/{version}]/ready", "model_ready"),
    # Predictions, Open Inference v2.
    RoutePath("POST", "/v2/models/{model}[/versions/{version}]/infer", "infer"),
    # Predictions, as MLflow has it, of the only model, and of a model by name.
    RoutePath("POST", "/invocations", "invoke", "mlflow"),
    RoutePath("POST", "/models/{model}/invocations", "invoke", "mlflow"),
    RoutePath("GET", "/ping", "ping", "mlflow"),  # 200 once something answers, else 404
    RoutePath("GET", "/health", "ping", "mlflow"),  # the same
    RoutePath("GET", "/version", "version", "mlflow"),  # the version of Comporta, as text
    RoutePath("POST", "/feedback", "feedback"),  # what came true, by prediction id
    # Requests, observations written, waiting and lost, as Prometheus reads them.
    RoutePath("GET", "/metrics", "metrics"),
)
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
        allowed.append(route.method)
    return allowed
