"""What people's phones are doing: who rings, who talks, who wraps up. Nobody is offered two calls at once.

Kept from what calls tell, so that asking costs nothing; every change is told to those who wait for a free member.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from router.model.call import CallId
from router.model.people import NOTHING_KNOWN, Activity


class Staff:
    """activities: by person; a live view for `Situation`. notable: those who may not be able to take a call.
    now: aware UTC.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.activities: dict[str, Activity] = {}
        self.notable: set[str] = set()
        self._now = now
        self._rung_by: dict[str, set[CallId]] = {}
        self._talks: dict[str, set[CallId]] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Has `listener` called, without waiting, whenever somebody may have become free. Returns its ending."""
        self._listeners.append(listener)

        def end() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return end

    def is_talking(self, person: str) -> bool:
        return bool(self._talks.get(person))

    def rings(self, person: str, call: CallId) -> None:
        self._rung_by.setdefault(person, set()).add(call)
        self._note(person)

    def rings_no_more(self, person: str, call: CallId) -> None:
        self._rung_by.get(person, set()).discard(call)
        self._note(person)

    def talks(self, person: str, call: CallId) -> None:
        """Also of a person who placed the call. `talked` must follow."""
        self._rung_by.get(person, set()).discard(call)
        self._talks.setdefault(person, set()).add(call)
        self._note(person)

    def talked(self, person: str, call: CallId, *, for_department: bool = False, wrap_up_s: float = 0.0) -> None:
        """The talk is over. for_department: it was a department's call, which counts and is wrapped up."""
        self._talks.get(person, set()).discard(call)
        activity = self.activities.get(person, NOTHING_KNOWN)
        if for_department:
            now = self._now()
            activity = replace(
                activity,
                idle_since=now,
                calls_today=activity.calls_today + 1,
                wraps_up_until=now + timedelta(seconds=wrap_up_s) if wrap_up_s else None,
            )
        self._know(person, activity)
        self._note(person)

    def took(self, person: str, ended_at: datetime) -> None:
        """A department's call of today that the person took and that ended before we began."""
        activity = self.activities.get(person, NOTHING_KNOWN)
        self.activities[person] = replace(
            activity,
            idle_since=max(activity.idle_since or ended_at, ended_at),
            calls_today=activity.calls_today + 1,
        )

    def begin_day(self) -> None:
        """Nobody has taken a call today yet."""
        for person, activity in self.activities.items():
            self.activities[person] = replace(activity, calls_today=0)
        self.wake()

    def seen_by(self, call: CallId, people: Iterable[str]) -> Mapping[str, Activity]:
        """The activities as that call is to see them: ringing `people` itself, it finds them free."""
        seen = dict(self.activities)
        for person in people:
            is_ringing = bool(self._rung_by.get(person, set()) - {call})
            seen[person] = replace(seen.get(person, NOTHING_KNOWN), is_ringing=is_ringing)
        return seen

    def registered(self, person: str, is_registered: bool | None) -> None:
        """None: not known any more."""
        activity = self.activities.get(person, NOTHING_KNOWN)
        if activity.is_registered is not is_registered:
            self._know(person, replace(activity, is_registered=is_registered))
            self.wake()

    def wake(self) -> None:
        """Something else than a phone may have made somebody free."""
        for listener in tuple(self._listeners):
            listener()

    def _note(self, person: str) -> None:
        activity = self.activities.get(person, NOTHING_KNOWN)
        is_talking, is_ringing = bool(self._talks.get(person)), bool(self._rung_by.get(person))
        self._know(person, replace(activity, is_talking=is_talking, is_ringing=is_ringing))
        self.wake()

    def _know(self, person: str, activity: Activity) -> None:
        self.activities[person] = activity
        if activity.is_notable:
            self.notable.add(person)
        else:
            self.notable.discard(person)
