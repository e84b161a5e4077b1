"""Callers who are refused before any rule: entries that people add while the service runs."""

from dataclasses import dataclass
from datetime import datetime

from router.model.number import NumberPattern
from router.model.plan import RejectCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """key: unique, letters and digits. Either pattern (number, prefix, range, country, withheld) or name is set.

    name: casefolded; a caller whose name contains it fits. expires_at: aware, None for never. hits: calls refused.
    """

    key: str
    cause: RejectCause
    pattern: NumberPattern | None = None
    name: str = ""
    expires_at: datetime | None = None
    added_at: datetime | None = None
    added_by: str = ""
    reason: str = ""
    hits: int = 0
    last_hit_at: datetime | None = None
