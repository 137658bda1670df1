"""What the command line says about people, their roles and keys: a part of `cli/words.py`."""

from __future__ import annotations


class TeamTexts:
    """The texts, in English."""

    NAME = "Their name, compared without case; or their id."
    TEAM_NAME = "Their name, compared without case."
    SERVICE_NAME = "The service account's name; it is made where there is none."
    ROLE_GRANTED = (
        "viewer, scientist, engineer, validator, approver, owner, privacy_officer, auditor, admin or oncall. "
        "May be given again."
    )
    ROLE_REVOKED = "The role that ends. May be given again."
    ROLE_MODEL = "Of this model alone."
    ROLE_DATASET = "Of this dataset alone."
    ROLE_UNTIL = "The last day of the role: YYYY-MM-DD."
    PUBLIC_KEY = "Their public key, as `comporta people key` prints it on their machine."
    KEY_REVOKED = "The first digits of the key that proves nothing any more."
    SERVICE = "A service account: it never approves, waives or grants."
    ACTION = "Such as release.execute."
    LIFT = "Take the denial back."
    ISSUER = "Who signs, as the token says: https://token.actions.githubusercontent.com."
    AUDIENCE = "For whom the token must be."
    JWKS = "A file with the issuer's public keys, as its jwks_uri gives them."
    CLAIM = "What the token must claim, NAME=VALUE: repository=acme/churn. May be given again."
    PERSON_KEY = "The private key is in {file}. Who adds you: comporta people add NAME --key KEY"
    ADMIN_GRANTS = (
        "From now on only roles that were granted count, and an admin does no other work: give others one, "
        "such as comporta people add NAME --role engineer"
    )
    TEAM_CHANGED = "{name} ({id}): {facts}"
    NOTHING_RECORDED = "nothing to record"
    NAMES_CLAIMED = "Names are claimed: nobody here has a key that proves who they are (comporta people key)."
    NO_PEOPLE = "Nobody has approved, waived or released anything yet, and the project declares nobody."
    FORGOTTEN = "The name of {id} is deleted. What they did stays recorded under that id."
    STILL_HELD = "Events from before people had ids that still hold the name: {count}"
    HELD_REMOVABLE = "`comporta audit remove SEQ --reason erasure` deletes the body of {count} ({seqs})"
    HELD_FIXED = (
        "{count} cannot be changed ({seqs}), since the links of the older, keyed chain cover their bodies, "
        "but no `comporta audit export` holds them"
    )
    MORE_IN_JSON = "{numbers} and {more:,} more: --json lists them"
    STILL_DECLARED = "The project file still declares {name}: take the name out of it too."
