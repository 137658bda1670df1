"""Who may do what. Pure: facts of the ledger → a decision, with the rule and who could."""

from comporta.access.decide import may
from comporta.access.duties import duties_of, facts_of, uncounted_approvers
from comporta.access.facts import AccessFacts, Duties, access_facts
from comporta.access.granting import GrantingState, granting_state, require_granting
from comporta.access.grants import add_key, deny, grant, request, revoke, revoke_key
from comporta.access.job_token import IssuerRule, issuer_rule, verify_job_token
from comporta.access.state import DENIALS, GRANTING, GRANTS, HISTORIES, NONCES, PERSON_KEYS, PROJECTIONS
from comporta.access.table import ROLES

__all__ = [
    "DENIALS",
    "GRANTING",
    "GRANTS",
    "HISTORIES",
    "NONCES",
    "PERSON_KEYS",
    "PROJECTIONS",
    "ROLES",
    "AccessFacts",
    "Duties",
    "GrantingState",
    "IssuerRule",
    "access_facts",
    "add_key",
    "deny",
    "duties_of",
    "facts_of",
    "grant",
    "granting_state",
    "issuer_rule",
    "may",
    "request",
    "require_granting",
    "revoke",
    "revoke_key",
    "uncounted_approvers",
    "verify_job_token",
]
