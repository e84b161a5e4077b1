"""Whose turn it is in the queues, how long it may take, and when waiting has become pointless."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from router.model.department import DialPlan
from router.model.people import Activity
from router.model.plan import Order, Queue
from router.model.queue import CallBack, Waiting
from router.model.situation import Situation
from router.rules.ringing import LineUp, Offer, line_up

OFFERED_AGAIN_AFTER = timedelta(seconds=10)  # to a member who did not take this call
FEWEST_TALKS = 3  # before their length says anything
CALL_BACK_ATTEMPTS = 3
CALL_BACK_PAUSE = timedelta(minutes=10)
CALL_BACK_KEPT = timedelta(hours=24)
_NEVER = datetime.min.replace(tzinfo=UTC)


# ---- whose turn


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """As they are served: by priority, then by how long they have waited; in the same moment as they are given."""
    return sorted(waiting, key=lambda one: (-one.step.priority, one.since))


def position(key: str, waiting: Iterable[Waiting]) -> int:
    """The place of one of those who wait for a department, 1 for whoever is next."""
    return [one.key for one in in_order(waiting)].index(key) + 1


def turns(
    waiting: Iterable[Waiting], free: Callable[[Waiting], Iterable[Offer]]
) -> Sequence[tuple[Waiting, Offer]]:
    """Who is offered to whom now: each member once, and everyone one member, as long as there are free ones.

    waiting: of all departments. free: whom one of them could be offered now, best first. Where departments share a
    member, whoever has waited longest comes first, then the fuller queue. Where all ring together, the first in the
    queue gets those who are left over, too.
    """
    queues: dict[str, list[Waiting]] = {}
    for one in in_order(waiting):
        queues.setdefault(one.department, []).append(one)
    options = {
        one.key: list(free(one)) if _may_have_more(one) else [] for queue in queues.values() for one in queue
    }
    unserved = {department: [one for one in queue if not one.rung] for department, queue in queues.items()}
    given: list[tuple[Waiting, Offer]] = []

    def give(one: Waiting) -> None:
        offer = options[one.key][0]
        given.append((one, offer))
        for key, each in options.items():
            options[key] = [other for other in each if other.whom != offer.whom]

    def first_in(queue: Sequence[Waiting]) -> Waiting | None:
        return next((one for one in queue if options[one.key]), None)

    while heads := [head for queue in unserved.values() if (head := first_in(queue)) is not None]:
        head = min(heads, key=lambda one: (one.since, -len(queues[one.department]), one.department))
        unserved[head.department].remove(head)
        give(head)
    for queue in queues.values():
        first = first_in(queue)
        while first is not None and first.step.order is Order.TOGETHER and options[first.key]:
            give(first)
    return given


def _may_have_more(one: Waiting) -> bool:
    return not one.rung or one.step.order is Order.TOGETHER


# ---- how long


def wait_s(place: int, *, free: int, working: int, talks_s: Collection[float]) -> float | None:
    """How long the one at `place` has still to wait; None when it cannot be known.

    free: members who could take a call now; working: those and the ones who are on calls. talks_s: how long the
    department's last talks kept a member.
    """
    if place <= free:
        return 0.0
    if not working or len(talks_s) < FEWEST_TALKS:
        return None
    return (place - free) * sum(talks_s) / len(talks_s) / working


def minutes(seconds: float) -> int:
    """As it is told to a caller: never none at all."""
    return max(1, round(seconds / 60))


# ---- who is there


def present(
    step: Queue, plan: DialPlan, situation: Situation, at: datetime, declined: Collection[str] = ()
) -> LineUp:
    """Who could take a call now or soon: being on another, being rung and wrapping up will pass."""
    phones = {
        person: Activity(is_registered=activity.is_registered) for person, activity in situation.activities.items()
    }
    return line_up(step, plan, replace(situation, activities=phones), at, declined=declined)


def nobody_there(there: LineUp) -> str | None:
    """Why waiting is pointless, None while some member could take the call soon. there: as `present` says."""
    if there.offers:
        return None
    return "nobody is there: " + ("; ".join(f"{who} {why}" for who, why in there.passed_over) or "no members")


def candidates(one: Waiting, free: LineUp, there: LineUp, at: datetime) -> list[Offer]:
    """Whom of those who are free one who waits could be offered now: who did not take it before comes last.

    A later tier waits for its time, as long as anybody of an earlier one is there.
    """
    if not free.offers:
        return []
    waited_s = (at - one.since).total_seconds()
    tier_s = max(min(offer.after_s for offer in there.offers), waited_s)
    ready = [offer for offer in free.offers if offer.after_s <= tier_s and _is_rested(offer, one, at)]
    return sorted(ready, key=lambda offer: (offer.after_s, one.missed.get(str(offer), _NEVER)))


def _is_rested(offer: Offer, one: Waiting, at: datetime) -> bool:
    missed_at = one.missed.get(str(offer))
    return missed_at is None or at - missed_at >= OFFERED_AGAIN_AFTER


# ---- call-backs


def call_back_is_over(entry: CallBack, at: datetime) -> str | None:
    """Why a customer is not called back any more, None while they are."""
    if entry.attempts >= CALL_BACK_ATTEMPTS:
        return f"not reached in {entry.attempts} attempts"
    if at - entry.asked_at >= CALL_BACK_KEPT:
        return f"{CALL_BACK_KEPT.total_seconds() / 3600:g} hours have passed"
    return None


def call_back_is_due(entry: CallBack, at: datetime) -> bool:
    return entry.next_at is None or entry.next_at <= at
