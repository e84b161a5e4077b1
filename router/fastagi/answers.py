"""A decision as a plain dialplan can carry it: channel variables.

CALLROUTER_CALL comes first, so that the end of the call can be reported whatever happens; CALLROUTER_ROUTES comes
last, so that a dialplan that finds it empty knows it has no answer and goes to its fallback.

  CALLROUTER_CALL        our id of the call, for /ended
  CALLROUTER_REFUSED     Q.850 cause to hang up with after the routes, or empty
  CALLROUTER_PROMPT      file to play before that, as early media, or empty
  CALLROUTER_LONGEST     seconds the talk may last, or empty
  CALLROUTER_GOTO        "context,extension,priority" to go to after the routes, or empty
  CALLROUTER_DEPARTMENT  key in the dial plan, or empty
  CALLROUTER_DIAL_n      dial string of the n-th route; CALLROUTER_SECONDS_n: how long it rings
  CALLROUTER_SHOWN_n     /outbound: "Name <number>" as this trunk's carrier wants it; empty when withheld
  CALLROUTER_ASSERTED_n  /outbound: the number for P-Asserted-Identity
  CALLROUTER_PRES_n      /outbound: "allowed" or "prohib", for CALLERID(pres)
  CALLROUTER_NEXT_n      /outbound: what the next route is tried after, where the trunk has a table of its own:
                         Q.850 causes, SIP statuses after "s"; after "x" those it is not, whatever the cause
  CALLROUTER_RING, CALLROUTER_LONGEST_S: for [callrouter-department], when CALLROUTER_GOTO leads there for a message
  CALLROUTER_ROUTES      how many routes there are

Dial strings hold numbers of the dial plan's making only: what was dialled is read, never passed on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import assert_never

from router.dialplan import fallback
from router.dialplan.fallback_text import AFTER_EVERYTHING, LAST_CAUSE
from router.fastagi.pending import Offer
from router.model.caller import display_name
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision
from router.model.department import DialPlan
from router.model.ending import Ending, HangupCause
from router.model.plan import DeadEnd, Menu, Play, Queue, Reject, RejectCause, Ring, Voicemail
from router.model.situation import NOTHING_KNOWN_AT_ALL, Situation
from router.model.trunk import Failure
from router.rules import endings
from router.rules.inbound import PERSON_RINGS_FOR_S
from router.rules.leaving import refusal
from router.rules.ringing import line_up
from router.rules.written import objection

INBOUND_CONTEXT = "callrouter-inbound"
MESSAGE = "callrouter-department,s,1"  # rings CALLROUTER_RING, then takes a message of CALLROUTER_LONGEST_S
TRUNK_RINGS_FOR_S = 120.0  # the carrier gives up sooner
MOST_DIAL_BYTES = 1_900  # what fits into one SET VARIABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """shown: the caller ID to set, "" to withhold it, None to leave it as it came. next: see CALLROUTER_NEXT_n."""

    offer: Offer
    rings_for_s: float
    shown: str | None = None
    asserted: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One decided call as a plain dialplan can carry it.

    refused: how the call is refused after the routes, None when it may go. longest_s: of the message that `goto`
    takes, 0 when it takes none. prompt: file to play to who is refused. talk_s: of the talk, None for no limit.
    """

    department: str = ""
    refused: RejectCause | None = None
    goto: str = ""
    longest_s: float = 0.0
    prompt: str = ""
    talk_s: float | None = None
    routes: tuple[Route, ...] = ()

    @property
    def ending(self) -> Ending | None:
        """How a call that is over with this answer ended."""
        return endings.rejected(self.refused) if self.refused and not self.routes else None

    def variables(self) -> Mapping[str, str]:
        """In the order to set them."""
        values = {
            "CALLROUTER_REFUSED": str(int(endings.rejected(self.refused).cause)) if self.refused else "",
            "CALLROUTER_PROMPT": self.prompt,
            "CALLROUTER_LONGEST": "" if self.talk_s is None else f"{max(self.talk_s, 1.0):.0f}",
            "CALLROUTER_GOTO": self.goto,
            "CALLROUTER_DEPARTMENT": self.department,
        }
        if self.longest_s:
            values["CALLROUTER_RING"] = ""  # who is to be rung has been, by the routes
            values["CALLROUTER_LONGEST_S"] = f"{self.longest_s:.0f}"
        for number, way in enumerate(self.routes, 1):
            values[f"CALLROUTER_DIAL_{number}"] = way.offer.dial
            values[f"CALLROUTER_SECONDS_{number}"] = f"{way.rings_for_s:.0f}"
            if way.next:
                values[f"CALLROUTER_NEXT_{number}"] = way.next
            if way.shown is not None:
                values[f"CALLROUTER_SHOWN_{number}"] = way.shown
                values[f"CALLROUTER_ASSERTED_{number}"] = way.asserted
                values[f"CALLROUTER_PRES_{number}"] = "allowed" if way.shown else "prohib"
        values["CALLROUTER_ROUTES"] = str(len(self.routes))
        return values


def answer_outbound(
    decision: CallerIdDecision, by: str | None, plan: DialPlan, sounds: Path | None = None
) -> Answer:
    """The decision for an outgoing call as variables of a dialplan. sounds: where prompts are, None for none."""
    department = decision.department or ""
    match decision.to:
        case CallTo.NOWHERE:
            prompt = str(sounds / decision.prompt) if sounds is not None and decision.prompt else ""
            return Answer(department=department, refused=refusal(decision), prompt=prompt)
        case CallTo.DEPARTMENT:
            return Answer(goto=f"{INBOUND_CONTEXT},{decision.called},1")
        case CallTo.PERSON:
            person = plan.people[decision.target or ""]
            caller = plan.people.get(by or "")
            shown = _identity(caller.name, str(caller.extension or "")) if caller else "<>"
            offer = Offer(dial=person.endpoint, person=person.key)
            return Answer(routes=(Route(offer=offer, rings_for_s=PERSON_RINGS_FOR_S, shown=shown),))
        case CallTo.TRUNKS | CallTo.EMERGENCY:
            routes = tuple(
                Route(
                    offer=Offer(
                        dial=choice.dial,
                        trunk=choice.trunk,
                        called=decision.called.value,
                        shown=choice.shown or "withheld",
                        causes=plan.trunks[choice.trunk].causes,
                    ),
                    rings_for_s=TRUNK_RINGS_FOR_S,
                    shown=_identity(decision.name, choice.shown) if choice.shown else "",
                    asserted=choice.asserted,
                    next=next_after(plan.trunks[choice.trunk].causes)
                    if decision.to is CallTo.TRUNKS
                    else AFTER_EVERYTHING,
                )
                for choice in decision.trunks
                if objection(choice, plan) is None  # the last look, as before our own INVITEs
            )
            return Answer(department=department, talk_s=decision.longest_s, routes=routes)
        case CallTo.MENU | CallTo.FEATURE | CallTo.PARKED:
            # What needs the caller's channel under our hands: a plain dialplan cannot do it.
            return Answer(department=department, refused=RejectCause.REJECTED)
        case _:
            assert_never(decision.to)


def next_after(causes: Mapping[int, Failure]) -> str:
    """CALLROUTER_NEXT_n of a trunk, "" without a table of its own. causes: as `Trunk.causes`."""
    if not causes:
        return ""
    statuses = sorted(endings.SETUP_REFUSALS | {number for number in causes if number > LAST_CAUSE})
    means = {status: endings.leg_result(HangupCause.CALL_REJECTED, status, causes=causes) for status in statuses}
    words = [f"{'s' if endings.is_technical(result) else 'x'}{status}" for status, result in means.items()]
    technical = [
        str(cause)
        for cause in range(1, LAST_CAUSE + 1)
        if endings.is_technical(endings.leg_result(cause, causes=causes))
    ]
    return f"-{'-'.join([*technical, *words])}-"


def answer_inbound(
    decision: RoutingDecision,
    called: str,
    plan: DialPlan,
    at: datetime,
    situation: Situation = NOTHING_KNOWN_AT_ALL,
) -> Answer:
    """The decision for an inbound call as variables of a dialplan.

    called: as `dialable` leaves it. A plain dialplan rings: each ring step is a route, in-turn ones ring together,
    without those who could not take the call at `at`. Prompts are left out. Targets too many for one variable, and
    menus, are left to the fallback dialplan, which has both in its own way.
    """
    routes: list[Route] = []
    to_fallback = f"{fallback.CONTEXT},{called},1"
    department = decision.department or ""
    for step in decision.plan.steps:
        match step:
            case Play():
                continue
            case Menu():
                return Answer(department=department, goto=to_fallback, routes=tuple(routes))
            case DeadEnd():
                return Answer(department=department, refused=RejectCause.REJECTED, routes=tuple(routes))
            case Ring() | Queue() as ring:
                offers = line_up(ring, plan, situation, at).offers
                there = [offer for offer in offers if offer.endpoint]
                dial = "&".join(offer.endpoint for offer in there)
                if not dial:
                    continue
                if len(dial.encode()) > MOST_DIAL_BYTES:
                    return Answer(department=department, goto=to_fallback, routes=tuple(routes))
                offer = Offer(dial=dial, person=there[0].person if len(there) == 1 else None)
                rings_for_s = ring.for_s if isinstance(ring, Ring) else ring.longest_s
                routes.append(Route(offer=offer, rings_for_s=rings_for_s))
            case Voicemail(department=box, longest_s=longest_s):
                return Answer(department=box, goto=MESSAGE, longest_s=longest_s, routes=tuple(routes))
            case Reject(cause=cause):
                return Answer(department=department, refused=cause, routes=tuple(routes))
            case _:
                assert_never(step)
    return Answer(department=department, routes=tuple(routes))


def _identity(name: str, number: str) -> str:
    """ "Name <number>" for CALLERID(all)."""
    return f"{display_name(name)} <{number}>".strip()
