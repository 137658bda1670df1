"""The request path: an ASGI application, and nothing between it and the socket but the server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as installed

from comporta.errors import BadRequest
from comporta.serve import invocations, v2
from comporta.serve.asked import RequestRows
from comporta.serve.entry import Entry
from comporta.serve.feedback import read as read_feedback
from comporta.serve.http import (
    LATER,
    TEXT,
    Limits,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    json,
    json_size,
    refusal,
)
from comporta.serve.ids import Ids
from comporta.serve.live import Live
from comporta.serve.metrics import exposition
from comporta.serve.parts import Part, answered, divide, observations
from comporta.serve.recorder import Recorder, Unwritten
from comporta.serve.routes import Found, find
from comporta.serve.sample import Sample
from comporta.serve.serving import Door, Serving, renew
from comporta.serve.source import Sink, Source
from comporta.serve.tally import Tally

# A call above this many seconds leaves the event loop, so that others and the health checks go on.
_LONG = 0.002
_POLLS_BETWEEN_TRIES = 30


class App:
    """An ASGI 3 application. `serving` is what answers now; `follow` replaces it as releases come."""

    def __init__(
        self,
        source: Source,
        sink: Sink | None,
        *,
        key: bytes,
        durable: bool = False,
        flush: float = 0.5,
        poll: float = 1.0,
        limits: Limits | None = None,
        hosts: Sequence[str] | None = None,
        tally: Tally | None = None,
        samples: Callable[[], Sequence[Sample]] = tuple,
        nanoseconds: Callable[[], int] = time.time_ns,
        say: Callable[[str], None] = print,
    ) -> None:
        """sink: None keeps no answer: for a model that is only tried.
        key: 32 bytes, of routes. durable: answer only once the observation is written.

        flush, poll: seconds between writes of the log, and between looks for a release.
        hosts: `Host` headers let in; None: loopback names only; `*`: any.
        tally: where answers are counted by version. samples: what `/metrics` says beside what is known here.
        """
        self.source, self.key, self.say = source, key, say
        self.limits = limits or Limits()
        self.serving = Serving()
        self.recorder = Recorder(sink, every=flush, durable=durable, tally=tally, say=say)
        self.samples = samples
        self.counts: Counter[tuple[str, int]] = Counter()
        self._poll, self._now = poll, nanoseconds
        self._entry = Entry(self.limits, hosts)
        self._ids = Ids()
        self._known: dict[tuple[str, str], Found] = {}
        self.hot: dict[bytes, Found] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="comporta-long")
        self._long = 0
        self._looked = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None
        self._answers: dict[str, Callable[[Request], Reply | Awaitable[Reply]]] = {
            "server": self.server, "live": self.live, "ready": self.ready, "metadata": self.metadata,
            "model_ready": self.model_ready, "infer": self.infer, "invoke": self.invoke, "ping": self.ping,
            "version": self.version, "feedback": self.feedback, "metrics": self.metrics,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            reply, name = await self._reply(scope, receive)
            self.counts[name, reply.status] += 1
            body = reply.body
            await send(
                {
                    "type": "http.response.start",
                    "status": reply.status,
                    "headers": [*reply.headers, (b"content-length", b"%d" % len(body))],
                }
            )
            await send({"type": "http.response.body", "body": body})
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[Reply, str]:
        """The answer to a request, and the name it is counted under."""
        at = self._now()
        route = (scope["method"], scope["path"])
        found = self._known.get(route)
        headers = dict(scope["headers"])
        shape, name = "v2", "none"
        try:
            self._entry.admit(headers)
            self._entry.measure(headers)
            if found is None:
                found = self._find(*route)
            shape, name = found.route.shape, found.route.name
            message = await receive()
            if message["type"] != "http.request":
                return Reply(400, b""), name
            body = message.get("body", b"")
            if message.get("more_body") or len(body) > self.limits.body or b"content-encoding" in headers:
                body = await self._entry.whole(body, headers, message, receive)
            reply = self._answers[name](Request(found, headers, body, at))
            if not isinstance(reply, Reply):
                reply = await reply
            return reply, name
        except BadRequest as error:
            return refusal(error.status, str(error), shape, LATER if error.status == 503 else ()), name
        except _Allowed as error:
            return refusal(405, str(error), shape, ((b"allow", ", ".join(error.methods).encode()),)), name
        except Unwritten:
            lost = BadRequest("the answer could not be recorded. Nothing was answered; ask again.", 503)
            return refusal(lost.status, str(lost), shape, LATER), name
        # The boundary of the process: a fault of a model or of ours must not tell a client about our insides.
        except Exception as error:
            where = error.__traceback__
            while where is not None and where.tb_next is not None:
                where = where.tb_next
            line = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "?"
            self.say(f"{route[1][:100]}: answered 500 because of {type(error).__name__} at {line}")
            fault = BadRequest("the server failed on this request; its log names the place.", 500)
            return refusal(fault.status, str(fault), shape), name

    def direct(self, found: Found, headers: list[tuple[bytes, bytes]], body: bytes) -> Reply | None:
        """The answer to a small prediction, at once; None where the usual way must answer."""
        if self.recorder.durable or len(body) > self.limits.body:
            return None
        said = dict(headers)
        if b"content-encoding" in said:
            return None
        try:
            self._entry.admit(said)
            reply = self.infer(Request(found, said, body, self._now()))
        # A boundary, as in `_reply`, which will meet the same fault and answer it. Nothing was logged yet.
        except Exception:
            return None
        if isinstance(reply, Reply):
            self.counts["infer", 200] += 1
            return reply
        if isinstance(reply, Coroutine):
            reply.close()
        return None

    # What each route answers.

    def server(self, request: Request) -> Reply:
        return json({"name": "comporta", "version": _version(), "extensions": ["binary_tensor_data"]})

    def live(self, request: Request) -> Reply:
        return json({"live": True})

    def ready(self, request: Request) -> Reply:
        ready = self.serving.ready
        return json({"ready": ready}, 200 if ready else 503)

    def metadata(self, request: Request) -> Reply:
        door, version = self._door(request), request.found.version
        live = door.champion if version is None else door.version(version)
        return json(v2.metadata(door.model, sorted(door.versions), live.loaded, live.schema))

    def model_ready(self, request: Request) -> Reply:
        door = self._door(request)
        if request.found.version is not None:
            door.version(request.found.version)
        return json({"name": door.model, "ready": True})

    def ping(self, request: Request) -> Reply:
        return Reply(200 if self.serving.doors else 404, b"\n", TEXT)

    def version(self, request: Request) -> Reply:
        return Reply(200, _version().encode(), TEXT)

    def infer(self, request: Request) -> Reply | Awaitable[Reply]:
        size = json_size(request)
        door = self._door(request)
        pinned = None if request.found.version is None else door.version(request.found.version)
        reader = pinned or door.champion
        call = v2.read(request.body, size)
        asked = v2.rows(call, reader.schema, self.limits.rows)

        def write(parts: list[Part], ids: list[str]) -> Reply:
            return Reply(200, *v2.write(call, door.model, parts, ids))

        return self._answer(request, door, pinned, reader, asked, write)

    def invoke(self, request: Request) -> Reply | Awaitable[Reply]:
        door = self._door(request)
        kind, _, options = request.headers.get(b"content-type", b"").partition(b";")
        kind = kind.strip().lower()
        charset = options.strip().lower().removeprefix(b"charset=").strip(b'"')
        if kind not in (b"application/json", b"text/csv") or charset not in (b"", b"utf-8"):
            raise BadRequest(
                "content type: expected application/json or text/csv, in UTF-8, without other parameters.",
                415,
            )
        read = invocations.read_csv if kind == b"text/csv" else invocations.read_json
        asked = read(request.body, door.champion.schema, self.limits.rows)

        def write(parts: list[Part], ids: list[str]) -> Reply:
            return Reply(200, invocations.write(parts, ids))

        return self._answer(request, door, None, door.champion, asked, write)

    def feedback(self, request: Request) -> Awaitable[Reply]:
        told = read_feedback(request.body, datetime.fromtimestamp(request.at / 1e9, UTC), self.limits.rows)
        done = self.recorder.tell(told, len(request.body) + 200 * len(told))
        return _acknowledged(done, len(told))

    def metrics(self, request: Request) -> Reply:
        text = exposition(self.counts, self.recorder, self.serving, self.samples())
        return Reply(200, text.encode(), ((b"content-type", b"text/plain; version=0.0.4"),))

    # The way of rows through a model.

    def _answer(
        self,
        request: Request,
        door: Door,
        pinned: Live | None,
        reader: Live,
        asked: RequestRows,
        write: Write,
    ) -> Reply | Awaitable[Reply]:
        at = request.at
        ids = [self._ids.new(at)] if asked.n == 1 else self._ids.many(at, asked.n)
        parts = divide(door, self.key, pinned, asked, reader, ids[0])
        seconds = 0.0
        for part in parts:
            seconds += part.live.seconds(part.asked.n)
        if seconds > _LONG:
            return self._answer_aside(request, door.model, parts, ids, asked, write)
        began = time.perf_counter_ns()
        for part in parts:
            part.answer = part.live.answer(part.asked, at)
        took = time.perf_counter_ns() - began
        return self._kept(request, door.model, parts, ids, asked, took, write(parts, ids))

    async def _answer_aside(
        self,
        request: Request,
        model: str,
        parts: list[Part],
        ids: list[str],
        asked: RequestRows,
        write: Write,
    ) -> Reply:
        """The same in a thread, so that a long call keeps nobody waiting who asks for little."""
        if self._long >= self.limits.queue:
            raise BadRequest(f"{self._long} long requests are waiting. Ask again later.", 503)

        def work() -> tuple[Reply, int]:
            began = time.perf_counter_ns()
            for part in parts:
                part.answer = part.live.answer(part.asked, request.at)
            took = time.perf_counter_ns() - began
            return write(parts, ids), took

        self._long += 1
        try:
            reply, took = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._long -= 1
        kept = self._kept(request, model, parts, ids, asked, took, reply)
        return kept if isinstance(kept, Reply) else await kept

    def _kept(
        self,
        request: Request,
        model: str,
        parts: list[Part],
        ids: list[str],
        asked: RequestRows,
        took: int,
        reply: Reply,
    ) -> Reply | Awaitable[Reply]:
        """The reply, its observations queued; in durable mode once they are written."""
        make = partial(observations, parts, ids, asked.about, request.at, took)
        done = self.recorder.put(model, answered(parts), 2 * len(request.body) + 400 * asked.n, make)
        return reply if done is None else _after(done, reply)

    def _door(self, request: Request) -> Door:
        """The model a path names, or the only one. Raises BadRequest with 404 or 503."""
        serving, model = self.serving, request.found.model
        if model is None:
            if len(serving.doors) == 1:
                return next(iter(serving.doors.values()))
            if serving.doors:
                raise BadRequest("found several models here; send to /models/NAME/invocations.", 404)
            raise BadRequest("no model answers yet: nothing is released, or it is being loaded.", 503)
        door = serving.doors.get(model)
        if door is None:
            if model in serving.failed:
                raise BadRequest(
                    f"model {model!r} is released but could not be loaded; see the server's log.", 503
                )
            served = ", ".join(sorted(serving.doors)) or "none yet"
            raise BadRequest(f"found no model {model[:60]!r}, expected one that is released: {served}.", 404)
        return door

    # What is let in.

    def _find(self, method: str, path: str) -> Found:
        found = find(method, path)
        if isinstance(found, list):
            if not found:
                raise BadRequest("found no such path, expected one that `GET /v2` leads to.", 404)
            raise _Allowed(f"expected {' or '.join(found)} on this path.", found)
        # Only paths of what is served are remembered: a stranger must not fill the memory.
        if found.model is None or found.model in self.serving.doors:
            if len(self._known) > 4096:
                self._known.clear()
                self.hot.clear()
            self._known[method, path] = found
            if found.route.name == "infer" and path.isascii() and "%" not in path:
                self.hot[path.encode()] = found
        return found

    # What goes on beside the requests.

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.open()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def open(self) -> None:
        """Begins to log and to follow releases; called from the event loop that serves."""
        self.recorder.start()
        self._follower = asyncio.create_task(self.follow())

    async def __aenter__(self) -> App:
        """Open, and every release looked at once."""
        self.open()
        await self._looked.wait()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def follow(self) -> None:
        """Looks for releases for ever, and lets the next set of versions answer once all of it is ready."""
        tries = 0
        while True:
            lines: list[str] = []
            say = lines.append
            try:
                serving = await asyncio.to_thread(
                    renew, self.serving, self.source, self._now, say,
                    again=tries % _POLLS_BETWEEN_TRIES == 0,
                )  # fmt: skip
                if serving is not self.serving:
                    self.serving = serving
                    self._known.clear()
                    self.hot.clear()
            # A boundary: while the ledger cannot be read, what serves goes on serving.
            except Exception as error:
                if tries % _POLLS_BETWEEN_TRIES == 0:
                    say(f"releases cannot be read ({type(error).__name__}: {error}); what serves goes on.")
            for line in lines:  # what is said to answer does
                self.say(line)
            tries += 1
            self._looked.set()
            await asyncio.sleep(self._poll)

    async def close(self) -> None:
        """No more looks for releases; all that was answered is written."""
        if self._follower is not None:
            self._follower.cancel()
        await self.recorder.close()
        self._pool.shutdown(wait=False)


class _Allowed(Exception):
    """The path is served, by other methods."""

    def __init__(self, message: str, methods: list[str]) -> None:
        super().__init__(message)
        self.methods = methods


Write = Callable[[list[Part], list[str]], Reply]


async def _after(done: Awaitable[None], reply: Reply) -> Reply:
    await done
    return reply


async def _acknowledged(done: Awaitable[None], count: int) -> Reply:
    await done
    return json({"accepted": count})


def _version() -> str:
    return installed("comporta")
