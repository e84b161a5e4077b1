"""Those who wait for a department's members: callers in a queue, and customers who are to be called back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from router.model.call import CallId
from router.model.number import PhoneNumber
from router.model.plan import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One place in a queue, found by `step.priority` and `since`, when they began to wait (aware). key: unique.

    rung: who is rung for it now, and declined: who refused it and is not offered it again, as `Offer.whom`. missed:
    offers, in words, that were not taken, and when.
    """

    key: str
    step: Queue
    since: datetime
    rung: frozenset[str] = frozenset()
    missed: Mapping[str, datetime] = field(default_factory=dict)
    declined: frozenset[str] = frozenset()

    @property
    def department(self) -> str:
        return self.step.department


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """A customer who hung up and keeps their place: one for each number and department. Moments are aware, UTC.

    called: the number they had called. call: in which they asked. router: in whose queue the place is. since: when
    they began to wait. attempts: how often they were rung; next_at: not before, None for at once.
    """

    department: str
    number: PhoneNumber
    called: PhoneNumber
    call: CallId
    router: str
    since: datetime
    asked_at: datetime
    name: str = ""
    priority: int = 0
    attempts: int = 0
    next_at: datetime | None = None

    @property
    def key(self) -> str:
        return call_back_key(self.department, self.number.value)


def call_back_key(department: str, number: str) -> str:
    """number: E.164."""
    return f"{department}:{number}"
