"""From the bytes of an event to its fact, old schema versions brought up to today's.

Policy: a *kind* that is not known here is kept and passed over: it belongs to a room that this
process does not have. A known kind in a *newer schema* is refused: passing it over would make
projections wrong, so the message asks for an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from comporta.errors import BadProject, Tampered
from comporta.ledger.upcasts import Upcast
from comporta.records.event import Event, Fact


class Decoding:
    """Decodes events of the given facts. Raises BadProject when two share a kind."""

    def __init__(self, facts: Iterable[type[Fact]], upcasts: Mapping[tuple[str, int], Upcast]) -> None:
        self.facts: dict[str, type[Fact]] = {}
        for fact in facts:
            if self.facts.setdefault(fact.kind, fact) is not fact:
                raise BadProject(
                    f"two facts are of kind {fact.kind!r}: {self.facts[fact.kind].__qualname__} and "
                    f"{fact.__qualname__}. Give one another kind."
                )
        self._upcasts = upcasts
        self._decoders = {kind: msgspec.json.Decoder(fact) for kind, fact in self.facts.items()}

    def fact(self, event: Event) -> Fact | None:
        """The event's fact, or None for an unknown kind and where its body was removed.

        Raises Tampered, BadProject (newer schema)."""
        known = self.facts.get(event.kind)
        if known is None or event.body is None:
            return None
        if event.schema > known.schema:
            raise BadProject(
                f"event {event.seq}: {event.kind} has schema {event.schema}, this Comporta knows "
                f"{known.schema}. The ledger was written by a newer one: upgrade Comporta."
            )
        try:
            if event.schema == known.schema:
                return self._decoders[event.kind].decode(event.body)
            body = msgspec.json.decode(event.body)
            for schema in range(event.schema, known.schema):
                body = self._upcasts[event.kind, schema](body)
            return msgspec.convert(body, known)
        except (
            msgspec.DecodeError,
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            RecursionError,
        ) as error:
            raise Tampered(
                f"event {event.seq}: its body is no {event.kind} of schema {event.schema} ({error}). "
                "Run `comporta audit verify` to see what else was changed."
            ) from error
