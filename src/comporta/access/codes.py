"""Why somebody may, or may not."""

from __future__ import annotations

from comporta.records.message import code

BY_ROLE = code("access.by_role", "the role {role} allows {action}", role=str, action=str)
BY_EVERYBODY = code("access.by_everybody", "{action} is left to everybody here", action=str)

DENIED = code("access.denied", "{action} was denied to them{scope}", action=str, scope=str)
NO_ROLE = code("access.no_role", "no role of theirs allows {action}{scope}", action=str, scope=str)
NOBODY_DECLARED = code(
    "access.nobody_declared",
    "{action} is for somebody whom the project declares",
    action=str,
)
PROOF_EXPECTED = code(
    "access.proof_expected",
    "the project asks for proof of who does it (proven), found a name alone. Make a key: comporta people key",
)
KEY_EXPECTED = code(
    "access.key_expected",
    "a key is registered for them, found their name alone: it was not signed with that key",
)
SERVICE = code("access.service", "a service account never does it: {action} is for people", action=str)
TRAINED = code("access.trained", "they trained it, and whoever trains a version does not judge of it")
EDITED = code(
    "access.edited", "they changed the gates that it is judged by, and this is the first release under them"
)
REQUESTED = code("access.requested", "they asked for its release, and who asks does not approve")
GRANTED = code(
    "access.granted", "they granted roles since it was registered: who grants roles does not approve"
)
NEWCOMER = code(
    "access.newcomer",
    "somebody who trained it, changed its gates, asked for its release or granted roles was forgotten since, "
    "and they are known only since then: nobody can tell that they are another",
)
ADMIN = code("access.admin", "they are an admin: who grants roles does not approve")
