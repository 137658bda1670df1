"""What the figures of contamination are called."""

from __future__ import annotations

from comporta.records import quantity

KEYS = quantity("keys_in_both_parts", "keys in both parts")
TWINS = quantity("twins_in_both_parts", "twins in both parts")
NEAR_TWINS = quantity("near_twins_in_both_parts", "near twins in both parts")
REQUESTS = quantity("requests_in_both_parts", "requests in both parts")
ENTITIES = quantity("entities_in_both_parts", "entities in both parts")
