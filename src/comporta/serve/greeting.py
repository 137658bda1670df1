"""What a server says once it answers."""

from __future__ import annotations

from collections.abc import Callable


def greet(
    say: Callable[[str], None], url: str, model: str | None, tokens: int | None, workers: int = 1
) -> None:
    """model: one that can be tried. tokens: how many are valid; None: none is asked for."""
    tried = f"v2/models/{model}" if model is not None else "v2/health/ready"
    by = f" with {workers} workers" if workers > 1 else ""
    if tokens is None:
        say(f"Comporta serves on {url}{by}. Try: curl -s {url}/{tried}")
        return
    say(f"Comporta serves on {url}{by}. Try: curl -s -H 'Authorization: Bearer TOKEN' {url}/{tried}")
    if not tokens:
        say("No token is valid yet, so every request is refused. Make one: comporta token add NAME")
