"""What a plain dialplan may ask: /outbound and /inbound decide a call, /trying and /ended take reports of it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from router.dialplan.dialling import read_dialled
from router.dialplan.numbers import country_at, read_caller, read_number
from router.dialplan.replay import noted
from router.fastagi.answers import Answer, answer_inbound, answer_outbound
from router.fastagi.ask_pin import PinDesk, ask_pin
from router.fastagi.errors import AgiError, ChannelGone
from router.fastagi.pending import PendingCalls, Report
from router.fastagi.protocol import Request
from router.fastagi.server import Script, Session
from router.fastagi.watching import Watch
from router.model.call import CallId, Direction, InboundCall, OutboundCall, endpoint_of
from router.model.decision import CallerIdDecision, CallTo, RoutingDecision
from router.model.department import DialPlan
from router.model.number import dialable
from router.model.pin import Asking
from router.model.record import CallRecord, DecisionInputs, TraceLine
from router.model.situation import Situation
from router.rules import endings
from router.rules.caller_id import choose_caller_id
from router.rules.explain import shown_text, step_line
from router.rules.inbound import route
from router.rules.leaving import without_pin
from router.store.errors import StoreError

log = structlog.get_logger()

FIND_S = 2.0  # looking for a call of before a restart

Room = Callable[[CallerIdDecision, DialPlan], Awaitable[CallerIdDecision]]

_CALL_ID = re.compile(r"[0-9A-Za-z]{1,64}")


class Scripts:
    """plan, now, situation: the dial plan, the moment (aware) and what people have set, read once for each call.

    new_id: a fresh CallId. hit: counts a call that the block of this key refused. watch: counts what they take up.
    sounds: where Asterisk finds the plan's prompts, None when it has none. pins: compares those that are typed,
    None where nobody can be asked. room: has a call ended where an emergency call finds every channel taken.
    """

    def __init__(
        self,
        plan: Callable[[], DialPlan],
        now: Callable[[], datetime],
        new_id: Callable[[], CallId],
        calls: PendingCalls,
        situation: Callable[[], Situation] = Situation,
        hit: Callable[[str], None] = lambda block: None,
        watch: Watch | None = None,
        sounds: Path | None = None,
        pins: PinDesk | None = None,
        room: Room | None = None,
    ) -> None:
        self._pins = pins
        self._room = room
        self._plan = plan
        self._now = now
        self._situation = situation
        self._hit = hit
        self._new_id = new_id
        self._calls = calls
        self._watch = watch
        self._sounds = sounds

    def by_name(self) -> Mapping[str, Script]:
        return {"outbound": self.outbound, "inbound": self.inbound, "trying": self.trying, "ended": self.ended}

    async def outbound(self, session: Session) -> None:
        """Arguments: the number dialled; without it the extension the channel is in."""
        request, plan, now = session.request, self._plan(), self._now()
        by = plan.person_at.get(endpoint_of(request.field("channel")))
        dialled = read_dialled(_dialled(request), plan, by)
        call = OutboundCall(
            id=self._new_id(),
            by=by,
            called=dialled.called,
            placed_at=now,
            department=dialled.show_as,
            withhold=dialled.withhold or _is_withheld(request),
            show_as=dialled.show_as,
            channel=request.field("uniqueid"),
            pin=Asking.MAY if self._pins is not None else Asking.CANNOT,
        )
        structlog.contextvars.bind_contextvars(call=call.id)
        decision = choose_caller_id(call, plan, now, self._situation())
        if decision.pin is not None and self._pins is not None:
            decision = await self._with_pin(session, self._pins, call, decision, plan)
        if decision.to is CallTo.EMERGENCY and self._room is not None:
            decision = await self._room(decision, plan)
        await self._give(session, call.id, self._placed(request, call, decision, plan))

    async def _with_pin(
        self, session: Session, pins: PinDesk, call: OutboundCall, decision: CallerIdDecision, plan: DialPlan
    ) -> CallerIdDecision:
        """Asks for the PIN; then the call is judged once more, since others were placed meanwhile."""
        person = plan.people[decision.pin or ""]
        try:
            why = await ask_pin(session, pins, person, plan, self._sounds)
        except AgiError as error:
            self._placed(session.request, call, without_pin(decision, f"{person.key} was asked for the PIN"), plan)
            gone = isinstance(error, ChannelGone)
            self._calls.close(call.id, endings.abandoned() if gone else endings.failed(), self._utc())
            raise
        if why is not None:
            return without_pin(decision, why)
        return choose_caller_id(replace(call, pin=Asking.TYPED), plan, self._now(), self._situation())

    def _placed(self, request: Request, call: OutboundCall, decision: CallerIdDecision, plan: DialPlan) -> Answer:
        """Records the call, and counts it."""
        answer = answer_outbound(decision, call.by, plan, self._sounds)
        if decision.to is not CallTo.DEPARTMENT:  # that call is recorded where it goes
            record = _outbound_record(call, decision, answer, request, plan)
            inputs = replace(_inputs(request), by=call.by, is_internal=True, used=decision.used, rate=decision.rate)
            self._begin(replace(record, inputs=inputs), answer, plan)
            if self._watch is not None:
                self._watch.begins(record, decision, endpoint_of(request.field("channel")), plan)
        return answer

    async def inbound(self, session: Session) -> None:
        """Arguments: the number called; without it the extension the channel is in."""
        request, plan, now = session.request, self._plan(), self._now()
        endpoint = endpoint_of(request.field("channel"))
        trunk = plan.trunk_at.get(endpoint.partition("/")[2])
        number, name = request.field("callerid"), request.field("calleridname")
        call = InboundCall(
            id=self._new_id(),
            caller=read_caller(number, name, _is_withheld(request), country_at(plan, trunk)),
            called=read_number(_dialled(request), plan, trunk),
            arrived_at=now,
            trunk=trunk,
            internal=endpoint in plan.person_at,
            channel=request.field("uniqueid"),
        )
        structlog.contextvars.bind_contextvars(call=call.id)
        situation = self._situation()
        decision = route(call, plan, now, situation)
        if decision.block is not None:
            self._hit(decision.block)
        answer = answer_inbound(decision, dialable(str(call.called)), plan, now, situation)
        block = next((block for block in situation.blocks if block.key == decision.block), None)
        inputs = replace(noted(_inputs(request), situation, now, block=block), trunk=call.trunk)
        record = _inbound_record(call, decision, plan.person_at.get(endpoint))
        self._begin(replace(record, inputs=inputs), answer, plan)
        await self._give(session, call.id, answer)

    async def trying(self, session: Session) -> None:
        """Arguments: call id, and the number of the route that is dialled now, from the second on."""
        call_id, route_number = session.request.argument(1), session.request.argument(2)
        number = int(route_number) if re.fullmatch("[0-9]{1,3}", route_number) else 0
        offer = self._calls.offer(CallId(call_id), number)
        if offer is not None and offer.trunk is not None and self._watch is not None:
            self._watch.goes_on(CallId(call_id), offer.trunk)

    async def ended(self, session: Session) -> None:
        """Arguments: call id, ${DIALSTATUS}, ${HANGUPCAUSE}, ${ANSWEREDTIME}; then, where the dialplan knows them,
        the number of the route that was dialled last, "callee" when the called party hung up first, and the SIP
        status."""
        read = session.request.argument
        if not _CALL_ID.fullmatch(read(1)):
            log.warning("agi report without a call", status=read(2)[:20])
            return
        call_id = CallId(read(1))
        structlog.contextvars.bind_contextvars(call=call_id)
        report = Report.read(read(2), read(3), read(4), read(5), read(6), read(7))
        try:
            async with asyncio.timeout(FIND_S):
                known = await self._calls.report(call_id, report, self._now().astimezone(UTC))
        except (StoreError, TimeoutError) as error:
            log.warning("agi report lost", because=str(error) or "the store did not answer", status=report.status)
            return
        log.info("agi call ended", status=report.status, cause=report.cause, known=known)

    def _begin(self, record: CallRecord, answer: Answer, plan: DialPlan) -> None:
        offers = tuple(way.offer for way in answer.routes)
        self._calls.begin(record, offers, plan)
        if self._watch is not None:
            self._watch.occupies(record, offers)

    async def _give(self, session: Session, call_id: CallId, answer: Answer) -> None:
        try:
            await session.set_variable("CALLROUTER_CALL", call_id)
        except AgiError as error:  # the dialplan has no id to report with
            gone = isinstance(error, ChannelGone)
            self._calls.close(call_id, endings.abandoned() if gone else endings.failed(), self._utc())
            raise
        if answer.ending is not None:
            self._calls.close(call_id, answer.ending, self._utc())
        for name, value in answer.variables().items():
            await session.set_variable(name, value)
        log.info(
            "agi call decided",
            routes=[way.offer.trunk or way.offer.dial for way in answer.routes],
            goto=answer.goto,
            refused=answer.refused and answer.refused.value,
        )

    def _utc(self) -> datetime:
        return self._now().astimezone(UTC)


def _dialled(request: Request) -> str:
    return request.argument(1) or request.field("extension")


def _inputs(request: Request) -> DecisionInputs:
    """What the dialplan told, as it came. Nothing of a withheld identity is kept."""
    is_withheld = _is_withheld(request)
    return DecisionInputs(
        caller="" if is_withheld else request.field("callerid"),
        name="" if is_withheld else request.field("calleridname"),
        is_withheld=is_withheld,
        called=_dialled(request),
    )


def _is_withheld(request: Request) -> bool:
    """agi_callingpres: the presentation bits of Q.931 4.5.10, of which 01 is restricted."""
    presentation = request.field("callingpres")
    return presentation.isdecimal() and int(presentation[:4]) & 0x60 == 0x20


def _outbound_record(
    call: OutboundCall, decision: CallerIdDecision, answer: Answer, request: Request, plan: DialPlan
) -> CallRecord:
    person = plan.people.get(call.by or "")
    number = str(person.extension) if person and person.extension else dialable(request.field("callerid"))
    at = call.placed_at.astimezone(UTC)
    return CallRecord(
        id=call.id,
        direction=Direction.INTERNAL if decision.to is CallTo.PERSON else Direction.OUTBOUND,
        channel=call.channel,
        caller_number=number or "unknown",
        caller_name=person.name if person else "",
        called_number=str(call.called),
        called_country=call.called.country,
        called_type=call.called.use,
        called_raw=call.called.raw,
        arrived_at=at,
        person=call.by,
        department=decision.department,
        shown=shown_text(decision),
        rule=decision.rule,
        because=decision.because,
        dialplan=decision.dialplan,
        steps=tuple(f"dial {way.offer.trunk or way.offer.person}" for way in answer.routes),
        trace=(TraceLine(at=at, what="a dialplan asks by FastAGI"),),
    )


def _inbound_record(call: InboundCall, decision: RoutingDecision, person: str | None) -> CallRecord:
    at, number = call.arrived_at.astimezone(UTC), None if call.internal else call.caller.number
    return CallRecord(
        id=call.id,
        direction=Direction.INTERNAL if call.internal else Direction.INBOUND,
        channel=call.channel,
        caller_number=call.caller.shown,
        caller_name=call.caller.name,
        caller_country=number.country if number else None,
        caller_type=number.use if number else None,
        called_number=str(call.called),
        called_country=call.called.country,
        called_type=call.called.use,
        called_raw=call.called.raw,
        arrived_at=at,
        trunk=call.trunk,
        person=person,
        department=decision.department,
        is_open=decision.is_open,
        rule=decision.rule,
        because=decision.because,
        dialplan=decision.dialplan,
        steps=tuple(map(step_line, decision.plan.steps)),
        trace=(TraceLine(at=at, what="a dialplan asks by FastAGI"),),
    )
