"""What each method answers: the same as its path of the REST face."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version as installed
from typing import Any

from comporta.errors import BadRequest
from comporta.http.body import SMALL
from comporta.http.replies import Reply
from comporta.serve.grpc import messages
from comporta.serve.grpc.message_size import model_named, require_values
from comporta.serve.grpc.messages import read_message
from comporta.serve.grpc.request import message_rows, named_path, read_infer_message
from comporta.serve.grpc.response import metadata_message, write_infer_message
from comporta.serve.live_version import LiveVersion
from comporta.serve.prediction_routes import PredictionRoutes, ReadRequest
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request
from comporta.serve.serving_state import ServedModel
from comporta.serve.v2_response import v2_model_metadata
from comporta.serve.version_parts import VersionPart

_NOT_THERE = (404, 503)


class GrpcMethods:
    """Answers with what `follower` serves now, predictions by `predictions`."""

    def __init__(self, follower: ReleaseFollower, predictions: PredictionRoutes) -> None:
        self._follower, self._predictions = follower, predictions

    @property
    def routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`."""
        return {
            "grpc_live": self.live, "grpc_ready": self.ready, "grpc_model_ready": self.model_ready,
            "grpc_server": self.server, "grpc_metadata": self.metadata, "grpc_infer": self.infer,
        }  # fmt: skip

    def live(self, request: Request) -> Reply:
        read_message(messages.ServerLiveRequest, request.body)
        return _reply(messages.ServerLiveResponse(live=True))

    def ready(self, request: Request) -> Reply:
        read_message(messages.ServerReadyRequest, request.body)
        return _reply(messages.ServerReadyResponse(ready=self._follower.serving.ready))

    def model_ready(self, request: Request) -> Reply:
        """Not an error of a model or a version that does not answer: false."""
        asked = read_message(messages.ModelReadyRequest, request.body)
        _name_path(request, asked.name, asked.version)
        try:
            self._version_of(request)
        except BadRequest as error:
            if error.status not in _NOT_THERE:
                raise
            return _reply(messages.ModelReadyResponse(ready=False))
        return _reply(messages.ModelReadyResponse(ready=True))

    def server(self, request: Request) -> Reply:
        read_message(messages.ServerMetadataRequest, request.body)
        return _reply(messages.ServerMetadataResponse(name="comporta", version=installed("comporta")))

    def metadata(self, request: Request) -> Reply:
        asked = read_message(messages.ModelMetadataRequest, request.body)
        _name_path(request, asked.name, asked.version)
        served, live = self._version_of(request)
        described = v2_model_metadata(served.model, sorted(served.versions), live.loaded, live.schema)
        return Reply(200, metadata_message(described), ())

    def infer(self, request: Request) -> Reply | Awaitable[Reply]:
        """Predictions. A large message is read where it keeps nobody waiting."""
        message = None
        if len(request.body) > SMALL:
            name, version = model_named(request.body)
        else:
            message = read_message(messages.ModelInferRequest, request.body)
            name, version = message.model_name, message.model_version
        _name_path(request, name, version)
        return self._predictions.answer(request, partial(self._read, message))

    def _read(self, message: Any, request: Request) -> ReadRequest:
        served, reader = self._version_of(request)
        pinned = None if request.path.version is None else reader
        limits = self._predictions.limits
        if message is None:
            require_values(request.body, self._predictions.most_values(request.path, {}))
            message = read_message(messages.ModelInferRequest, request.body)
        call = read_infer_message(message)
        incoming = message_rows(message, call, reader.schema, limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, write_infer_message(call, served.model, parts, ids, request.bearer), ())

        return served, pinned, reader, incoming, write

    def _version_of(self, request: Request) -> tuple[ServedModel, LiveVersion]:
        """The model and the version that a message names. Raises BadRequest."""
        served, version = self._predictions.model_of(request.path), request.path.version
        return served, served.champion if version is None else served.version(version)


def _name_path(request: Request, name: str, version: str) -> None:
    """The request's path with what its message names. Raises BadRequest, 403 where its token is not for
    this model: before an error could tell of others."""
    request.path = named_path(request.path.route, name, version)
    if request.bearer is not None:
        request.bearer.require_model(name)


def _reply(message: Any) -> Reply:
    return Reply(200, bytes(message.SerializeToString()), ())
