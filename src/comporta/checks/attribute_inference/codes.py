"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

ATTACKER_KNOWS = code(
    "evidence.attacker_knows", "The attacker knows the outcome and {columns}.", columns=tuple
)
ATTACKER_KNOWS_OUTCOME = code(
    "evidence.attacker_knows_outcome", "The attacker knows the outcome and no feature."
)
