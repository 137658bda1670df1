"""The released versions, brought to the server: routes from the ledger, models and history from the store."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping

from comporta.acts.serve.sealing import SEAL_SECONDS
from comporta.acts.serve.servable import require_servable
from comporta.acts.serve.serving_log import PredictionLog
from comporta.acts.serve.signed_routes import SignedRoutes
from comporta.errors import NotFound
from comporta.http.listening import LOOPBACK_ADDRESSES
from comporta.opened.mapped_tables import MappedTables
from comporta.opened.project import OpenProject
from comporta.opened.served_version import JoinHistory, load_version
from comporta.records import Route
from comporta.records.token import Token
from comporta.registry import VERSIONS, version_key
from comporta.registry.tokens import TOKENS, valid_tokens
from comporta.release import ROUTES
from comporta.serve import LoadedVersion
from comporta.serve import serve as answer_requests
from comporta.serve.server import keep_loaded
from comporta.serve.server_options import DEFAULT_OPTIONS, ServerOptions, require_options


def serve(
    opened: OpenProject,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    durable: bool = False,
    tokens: bool = False,
    every: float = SEAL_SECONDS,
    options: ServerOptions = DEFAULT_OPTIONS,
    await_release: bool = False,
) -> None:
    """Answers requests until interrupted. tokens: whether each request must show one also where only this
    machine reaches the address; elsewhere it always must. every: seconds between seals. Raises NotFound when
    nothing was released yet, unless await_release."""
    require_servable(opened, await_release=await_release)
    require_options(options)
    asks = tokens or host not in LOOPBACK_ADDRESSES
    with serving_versions(opened) as versions, PredictionLog(opened, every=every) as log:
        answer_requests(
            versions,
            log,
            key=opened.keys.unit,
            host=host,
            port=port,
            durable=durable,
            tokens=versions.tokens if asks else None,
            tally=log.tally,
            samples=log.samples,
            options=options,
            on_ready=lambda url, failed: keep_loaded(),
        )


@contextlib.contextmanager
def serving_versions(opened: OpenProject, say: Callable[[str], None] = print) -> Iterator[ReleasedVersions]:
    """A source for a server: what its versions join is mapped from files that its processes share."""
    stored = opened.settings.store.startswith("memory:") or opened.settings.ledger.startswith("memory:")
    with contextlib.ExitStack() as stack:
        tables = None
        if not stored:
            tables = MappedTables(opened, say)
            stack.callback(tables.close)
        yield ReleasedVersions(opened, tables)


class ReleasedVersions:
    """A source of routes and versions for the server. tables: from where joined tables are mapped; None: they
    are in memory of this process."""

    def __init__(self, opened: OpenProject, tables: MappedTables | None = None) -> None:
        self.opened, self._tables = opened, tables
        self._signed = SignedRoutes(opened)
        self._histories: dict[str, JoinHistory] = {}
        # A version may be loaded while another thread looks for releases.
        self._signing, self._lock, self._loading = threading.Lock(), threading.Lock(), 0

    def mark(self) -> object:
        """The end of the ledger: each release is an event."""
        return self.opened.ledger.head()

    def routes(self) -> Mapping[str, Route]:
        """Who gets which traffic now. History that has a newer version is brought in on the way. Raises
        Tampered where a route is not what its signed releases say."""
        routes = dict(self.opened.ledger.scan(ROUTES))
        with self._signing:
            self._signed.require_routes(routes)
        named = {
            version_key(model, share.version) for model, route in routes.items() for share in route.shares
        }
        with self._lock:
            self._histories = {key: each for key, each in self._histories.items() if key in named}
            histories = [*self._histories.values()]
        for history in histories:
            history.renew()
        with self._lock:
            # What is being loaded has tables already, and is not among the histories yet.
            if self._tables is not None and not self._loading:
                self._tables.retain({name for each in self._histories.values() for name in each.names})
        return routes

    def tokens(self) -> tuple[Token, ...]:
        """The tokens that are let in now. Raises Tampered where one is not what its signed events say."""
        found = valid_tokens((each for _, each in self.opened.ledger.scan(TOKENS)), self.opened.now())
        with self._signing:
            self._signed.require_tokens(found)
        return found

    def load(self, model: str, number: int) -> LoadedVersion:
        """The version, checked against its signed events and its digests. Raises NotFound, Tampered."""
        version = self.opened.ledger.get(VERSIONS, version_key(model, number))
        if version is None:
            raise NotFound(f"found no version {model}/{number} in the registry.")
        with self._signing:
            self._signed.require_version(version)
        with self._lock:
            self._loading += 1
        history = None
        try:
            loaded, history = load_version(self.opened, version, self._tables)
        finally:
            with self._lock:
                self._loading -= 1
                if history is not None:
                    self._histories[version_key(model, number)] = history
        return loaded
