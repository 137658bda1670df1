"""What a server says once it answers."""

from __future__ import annotations

from collections.abc import Callable

from comporta.errors import wording


def greet(
    say: Callable[[str], None],
    url: str,
    model: str | None,
    tokens: int | None,
    workers: int = 1,
    grpc: int | None = None,
) -> None:
    """model: one that can be tried. tokens: how many are valid; None: none is asked for. grpc: the port for
    gRPC; None: there is none."""
    tried = f"v2/models/{model}" if model is not None else "v2/health/ready"
    by = f" with {workers} workers" if workers > 1 else ""
    shown = "" if tokens is None else wording("-H 'Authorization: Bearer TOKEN' ")
    say(f"Comporta serves on {url}{by}. Try: curl -s {shown}{url}/{tried}")
    if grpc is not None:
        say(f"The Open Inference Protocol v2 over gRPC is on port {grpc}.")
    if tokens == 0:
        say("No token is valid yet, so every request is refused. Make one: comporta token add NAME")
