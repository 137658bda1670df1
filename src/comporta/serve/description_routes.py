"""The routes that tell of the server and of what is released: to programs, to clients of each protocol, to
people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version as installed

from comporta.http.replies import HTML, TEXT, Reply, json_reply
from comporta.serve.openapi import front_page, openapi
from comporta.serve.paths import MatchedPath
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request
from comporta.serve.serving_state import ServedModel, ServingState
from comporta.serve.triton_routes import model_config, repository_index
from comporta.serve.v2_response import v2_model_metadata

EXTENSIONS = ("binary_tensor_data", "model_repository", "model_configuration", "statistics")
"""Of the Open Inference Protocol, beyond its core."""


class DescriptionRoutes:
    """model_of: the model a path names, which raises BadRequest for none. tokens: whether they are asked
    for."""

    def __init__(
        self, follower: ReleaseFollower, model_of: Callable[[MatchedPath], ServedModel], *, tokens: bool
    ) -> None:
        self._follower, self._model_of, self._tokens = follower, model_of, tokens

    @property
    def routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`."""
        return {
            "server": self.server, "live": self.live, "ready": self.ready, "metadata": self.metadata,
            "models": self.models, "front_page": self.front_page, "openapi": self.openapi,
            "model_ready": self.model_ready, "ping": self.ping, "version": self.version,
            "index": self.index, "config": self.config,
        }  # fmt: skip

    @property
    def _serving(self) -> ServingState:
        return self._follower.serving

    def server(self, request: Request) -> Reply:
        return json_reply({"name": "comporta", "version": _version(), "extensions": EXTENSIONS})

    def live(self, request: Request) -> Reply:
        return json_reply({"live": True})

    def ready(self, request: Request) -> Reply:
        ready = self._serving.ready
        return json_reply({"ready": ready}, 200 if ready else 503)

    def metadata(self, request: Request) -> Reply:
        served, version = self._model_of(request.path), request.path.version
        live = served.champion if version is None else served.version(version)
        return json_reply(v2_model_metadata(served.model, sorted(served.versions), live.loaded, live.schema))

    def config(self, request: Request) -> Reply:
        served, version = self._model_of(request.path), request.path.version
        live = served.champion if version is None else served.version(version)
        return json_reply(
            model_config(v2_model_metadata(served.model, sorted(served.versions), live.loaded, live.schema))
        )

    def index(self, request: Request) -> Reply:
        names = () if request.bearer is None else request.bearer.token.models
        return json_reply(repository_index(self._serving, names))

    def model_ready(self, request: Request) -> Reply:
        served = self._model_of(request.path)
        if request.path.version is not None:
            served.version(request.path.version)
        return json_reply({"name": served.model, "ready": True})

    def models(self, request: Request) -> Reply:
        return json_reply({"models": sorted(self._serving.models)})

    def front_page(self, request: Request) -> Reply:
        return Reply(200, front_page(self._serving).encode(), HTML)

    def openapi(self, request: Request) -> Reply:
        return json_reply(openapi(self._serving, _version(), tokens=self._tokens))

    def ping(self, request: Request) -> Reply:
        return Reply(200 if self._serving.models else 404, b"\n", TEXT)

    def version(self, request: Request) -> Reply:
        return Reply(200, _version().encode(), TEXT)


def _version() -> str:
    return installed("comporta")
