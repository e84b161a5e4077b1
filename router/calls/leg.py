"""One leg we dial: its channel, what happened to it, and how it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from router.model.caller import CallerId
from router.model.ending import LegResult
from router.model.record import LegRecord
from router.model.trunk import Failure


@dataclass(slots=True, kw_only=True)
class Leg:
    """id: the channel's, chosen by us before it is made. expires_at: loop time at which we stop ringing it;
    silent_at: at which we give it up when nothing has come back. causes: as `Trunk.causes`. is_probe: by it a trunk
    whose breaker is open is tried.

    confirm: who picks up has yet to take the call, by key: picked_up_at before answered_at. verdict: what they made
    of the call when asked, which Asterisk cannot know.
    label, shows: what stands before the caller's name on its phone, and what it shows now; None where that is not
    the caller's name.
    early_media: joins the caller's bridge before it is dialled, so that the far end's ringing and announcements are
    heard; right for one leg at a time only (with more in the bridge neither 180 nor the answer pass).
    is_given: it goes on in another call. party: whom it reaches, None for whom this call rang. called, shown: as in
    the record.
    """

    id: str
    endpoint: str
    person: str | None = None
    trunk: str | None = None
    called: str = ""
    expires_at: float = float("inf")
    silent_at: float = float("inf")
    causes: Mapping[int, Failure] = field(default_factory=dict)
    is_probe: bool = False
    dialled_at: datetime | None = None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: LegResult | None = None
    cause: int | None = None
    tech_cause: int | None = None
    confirm: bool = False
    picked_up_at: datetime | None = None
    verdict: LegResult | None = None
    label: str | None = None
    shows: str = ""
    early_media: bool = False
    has_early_media: bool = False
    is_created: bool = False
    is_dialled: bool = False
    is_cancelled: bool = False
    is_timed_out: bool = False
    is_answered_elsewhere: bool = False
    is_given: bool = False
    shown: str = ""
    party: CallerId | None = None

    @property
    def is_alive(self) -> bool:
        return self.ended_at is None

    @property
    def is_ringing(self) -> bool:
        """Asked for, neither answered nor given up. Picked up and not yet taken is still that."""
        return self.is_alive and self.answered_at is None and not self.is_cancelled

    @property
    def is_talking(self) -> bool:
        """Answered, and neither over nor given up."""
        return self.is_alive and self.answered_at is not None and not self.is_cancelled

    @property
    def due_at(self) -> float:
        """Loop time at which it is given up, unless it is answered by then."""
        return self.expires_at if self.rang_at is not None else min(self.expires_at, self.silent_at)

    @property
    def is_asked(self) -> bool:
        """Somebody has picked up and is asked whether they take the call."""
        return self.is_ringing and self.picked_up_at is not None

    @property
    def came_to(self) -> LegResult:
        """Its result; for one we gave up, what that means before Asterisk reports its end."""
        return self.result or self.verdict or (LegResult.NO_ANSWER if self.is_timed_out else LegResult.CANCELLED)

    @classmethod
    def of(cls, past: LegRecord) -> "Leg":
        """The leg that a record tells of."""
        return cls(
            id=past.id,
            endpoint=past.endpoint,
            person=past.person,
            trunk=past.trunk,
            called=past.called,
            picked_up_at=past.picked_up_at,
            dialled_at=past.dialled_at,
            rang_at=past.rang_at,
            answered_at=past.answered_at,
            ended_at=past.ended_at,
            result=past.result,
            cause=past.cause,
            tech_cause=past.tech_cause,
            shown=past.shown,
            is_given=past.is_given,
            is_created=True,
            is_dialled=True,
        )

    def record(self) -> LegRecord:
        return LegRecord(
            id=self.id,
            endpoint=self.endpoint,
            person=self.person,
            trunk=self.trunk,
            called=self.called,
            picked_up_at=self.picked_up_at,
            dialled_at=self.dialled_at,
            rang_at=self.rang_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            result=self.result,
            cause=self.cause,
            tech_cause=self.tech_cause,
            shown=self.shown,
            is_given=self.is_given,
        )
