"""Every way a call may leave the company: each is tried with a premium number, in a house with some rule.

The plan: Sales (alice, bob) rings as each way wants it; dialling, codes, a menu, parking and a queue are there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from router.dialplan.numbers import public_number
from router.model.call import CallId
from router.model.department import CallPrefix, DialPlan, Feature, MenuChoice, MenuDef, Parking
from router.model.people import ForwardWhen, Standing
from router.model.queue import CallBack
from router.model.record import CallRecord
from router.model.steps import DepartmentStep, Member, MenuStep
from tests.calls.house import PROMPTS, SALES_NUMBER, House, nothing_left
from tests.calls.queueing import queue
from tests.rules.acme import SALES, SUPPORT, acme
from tests.rules.conftest import VOICEMAIL, extension, inbound, public, ring
from tests.support.clock import now, run
from tests.support.fake.far_end import Leg, Line, Phone
from tests.support.fake_asterisk import OUTBOUND, FakeAsterisk
from tests.support.phones import (
    Caller,
    answers,
    busy,
    decides,
    never_answers,
    redirects,
    transfers,
    unregistered,
)

PREMIUM = "+449098790000"
LONDON = "+442079460999"
_number = public_number(PREMIUM, "GB")
assert _number is not None
NUMBER = _number
_LOT = Parking(extension=extension("700"), slots=(extension("701"),), for_s=10.0)
_CODES = {"*55": Feature.FORWARD, "*8": Feature.PICK_UP}
_PREFIXES = {"*67": CallPrefix.WITHHOLD, "*7": CallPrefix.SHOW_AS}

Script = Callable[[House], Awaitable[Any]]
Change = Callable[[DialPlan], DialPlan]


@dataclass(frozen=True, kw_only=True)
class Way:
    """leads: with no rule against it the number is reached; else it is never, as after a phone's 302.

    alices: it is Alice who calls, forwards, transfers, or whose mobile it is. sales: it is a call of Sales.
    """

    script: Script
    plan: Change = lambda plan: plan
    phones: Mapping[str, Phone | Sequence[Phone]] = field(default_factory=dict)
    leads: bool = True
    alices: bool = True
    sales: bool = True


@dataclass(frozen=True, kw_only=True)
class Tried:
    house: House
    legs: tuple[Leg, ...]  # to the number
    records: tuple[CallRecord, ...]

    @property
    def said(self) -> str:
        """All that the records say."""
        return "; ".join(text for each in self.records for text in (each.because, *(t.what for t in each.trace)))


def company() -> DialPlan:
    plan = acme(departments=(replace(SALES, hours=None, closed=()), SUPPORT))
    return replace(plan, codes=_CODES, prefixes=_PREFIXES, parking=_LOT)


def tried(way: Way, rule: Change = lambda plan: plan) -> Tried:
    """The house after the way was tried. rule: put on the plan."""

    async def main() -> Tried:
        phones = {"alice": never_answers(), "bob": never_answers(), f"{PREMIUM}@voipco": decides("1")}
        phones |= {"voipco": answers(), **way.phones}
        async with FakeAsterisk(phones=phones, prompts=PROMPTS, app="callrouter") as asterisk:
            house = House(asterisk=asterisk, plan=rule(way.plan(company())))
            await way.script(house)
            for line in asterisk.lines:
                await house.over(line)
            while house.live.calls:
                await asyncio.sleep(1.0)
            await house.write_records()
            nothing_left(house)
            house.state.call_backs.clear()
            legs = tuple(leg for leg in asterisk.legs if PREMIUM in leg.endpoint)
            return Tried(house=house, legs=legs, records=tuple(house.ledger.records.values()))

    return run(main())


# ---- what happens


def _dials(dialled: str, by: str = "alice") -> Script:
    async def script(house: House) -> None:
        caller = Caller(number=by, talks_for_s=8.0, hangs_up_after_s=100.0)
        await house.asterisk.call(caller, to=dialled, door=OUTBOUND, endpoint=by).ended.wait()

    return script


def _clicks(department: str | None = None) -> Script:
    async def script(house: House) -> None:
        house.live.place("alice", PREMIUM, department)
        await asyncio.sleep(60.0)

    return script


async def _a_customer_calls(house: House, to: str = SALES_NUMBER, **does: Any) -> None:
    caller = Caller(**{"talks_for_s": 20.0, "hangs_up_after_s": 100.0, "message_s": 2.0} | does)
    await house.asterisk.call(caller, to=to).ended.wait()


def _a_customer_presses(keys: Mapping[float, str]) -> Script:
    return lambda house: _a_customer_calls(house, presses=keys)


async def _a_customer_is_called_back(house: House) -> None:
    called = public(SALES_NUMBER)
    house.state.keep_call_back(
        CallBack(
            department="sales",
            number=NUMBER,
            called=called,
            call=CallId("c"),
            router="pbx-1",
            since=now(),
            asked_at=now(),
        )
    )
    await asyncio.sleep(60.0)


def _forwards(when: ForwardWhen = ForwardWhen.ALWAYS) -> Script:
    async def script(house: House) -> None:
        standing = Standing(forward={when: NUMBER})
        house.state.stand("alice", standing, by="alice", what="alice forwards")
        await _a_customer_calls(house)

    return script


async def _is_busy_and_forwards(house: House) -> None:
    standing = Standing(forward={ForwardWhen.BUSY: NUMBER})
    house.state.stand("alice", standing, by="alice", what="alice forwards")
    first = house.asterisk.call(Caller(talks_for_s=40.0), to=SALES_NUMBER)
    await first.is_talking.wait()
    await _a_customer_calls(house, number="+447400123999")


async def _forwards_by_code(house: House) -> None:
    """Set while it was allowed; the plan is another when the customer calls."""
    plan = house.plan
    house.plan = replace(plan, denied=(), limits=company().limits)
    await _dials("*5509098790000")(house)
    house.plan = plan
    await _a_customer_calls(house)


async def _passes_on_whom_she_called(house: House, to: str = PREMIUM) -> None:
    line = house.asterisk.call(Caller(number="alice"), to=LONDON, door=OUTBOUND, endpoint="alice")
    await line.is_talking.wait()
    await asyncio.sleep(2.0)
    line.ask_transfer(to)
    await _later(line)


async def _passes_on_in_place_of_a_second_call(house: House) -> None:
    """Attended: her second call, to a colleague, is what counts, whatever number the REFER names."""
    caller = house.asterisk.call(Caller(talks_for_s=60.0), to=SALES_NUMBER)
    await caller.is_talking.wait()
    second = house.asterisk.call(Caller(number="alice"), to="202", door=OUTBOUND, endpoint="alice")
    await asyncio.sleep(3.0)
    house.asterisk.leg("alice").ask_transfer(PREMIUM, with_call=second)
    await asyncio.sleep(20.0)
    for line in (second, caller):
        await _later(line, 0.0)


async def _the_carrier_passes_on_whom_alice_called(house: House) -> None:
    line = house.asterisk.call(Caller(number="alice"), to=LONDON, door=OUTBOUND, endpoint="alice")
    await line.is_talking.wait()
    house.asterisk.leg("voipco").ask_transfer(PREMIUM)
    await _later(line)


async def _the_caller_passes_on_alice(house: House) -> None:
    line = house.asterisk.call(Caller(), to=SALES_NUMBER)
    await line.is_talking.wait()
    line.ask_transfer(PREMIUM)
    await _later(line)


async def _passes_on_before_anyone_answers(house: House) -> None:
    line = house.asterisk.call(Caller(number="alice"), to="202", door=OUTBOUND, endpoint="alice")
    await asyncio.sleep(3.0)
    line.ask_transfer(PREMIUM)
    await _later(line)


async def _picks_up(house: House) -> None:
    caller = house.asterisk.call(Caller(hangs_up_after_s=60.0), to=SALES_NUMBER)
    await asyncio.sleep(3.0)
    await _dials("*8201", by="carol")(house)
    await _later(caller, 0.0)


async def _later(line: Line, after_s: float = 20.0) -> None:
    await asyncio.sleep(after_s)
    if not line.cause:
        line.hang_up()
    await line.ended.wait()


# ---- the plans


def _sales(*steps: DepartmentStep) -> Change:
    def change(plan: DialPlan) -> DialPlan:
        sales = replace(plan.departments["sales"], open=steps)
        return replace(plan, departments={**plan.departments, "sales": sales})

    return change


def _rings(*members: Member, **changes: Any) -> DepartmentStep:
    return replace(ring("alice", for_s=20.0), members=members, **changes)


def _alice_forwards(plan: DialPlan) -> DialPlan:
    """As the plan has it, not she."""
    alice = replace(plan.people["alice"], forward={ForwardWhen.ALWAYS: NUMBER})
    return _ALICE(replace(plan, people={**plan.people, "alice": alice}))


def _a_rule_rings(plan: DialPlan) -> DialPlan:
    rule = inbound("number", _rings(Member(person=None, number=NUMBER)), called=[SALES_NUMBER])
    return replace(plan, inbound=(rule,))


def _a_menu_rings(plan: DialPlan) -> DialPlan:
    choice = MenuChoice(key="1", steps=(_rings(_NOBODYS),), words="the number")
    menu = MenuDef(key="main", prompt="acme/support", choices=(choice,), otherwise=(VOICEMAIL,), where="menus.main")
    return replace(_sales(MenuStep(menu="main"))(plan), menus={"main": menu})


_NOBODYS, _MOBILE = Member(person=None, number=NUMBER), Member(person="alice", number=NUMBER)
_ALICE = _sales(_rings(Member(person="alice")), VOICEMAIL)
_ANSWERS = {"alice": answers(after_s=1.0)}

WAYS: Mapping[str, Way] = {
    "dialled": Way(script=_dials(PREMIUM)),
    "dialled as people write it": Way(script=_dials("09098790000")),
    "behind the code that withholds": Way(script=_dials(f"*67{PREMIUM}")),
    "behind the code that shows Support's number": Way(script=_dials(f"*7601*{PREMIUM}")),
    "click-to-call": Way(script=_clicks(), phones=_ANSWERS),
    "click-to-call for another department": Way(script=_clicks("support"), phones=_ANSWERS),
    "call-back": Way(script=_a_customer_is_called_back, plan=_sales(queue("alice"), VOICEMAIL), phones=_ANSWERS),
    "a phone's 302": Way(script=_a_customer_calls, plan=_ALICE, phones={"alice": redirects()}, leads=False),
    "a carrier's 302": Way(script=_dials(LONDON), phones={"voipco": redirects()}, leads=False),
    "blind, by who was called": Way(script=_a_customer_calls, plan=_ALICE, phones={"alice": transfers(PREMIUM)}),
    "blind, as people dial": Way(
        script=_a_customer_calls, plan=_ALICE, phones={"alice": transfers("*67 0909 879 0000")}
    ),
    "blind, by who called": Way(script=_passes_on_whom_she_called),
    "attended, with another number in it": Way(
        script=_passes_on_in_place_of_a_second_call,
        plan=_ALICE,
        phones=_ANSWERS | {"bob": answers(after_s=1.0)},
        leads=False,
    ),
    "by the far end of a call out": Way(script=_the_carrier_passes_on_whom_alice_called, leads=False),
    "by a caller from outside": Way(script=_the_caller_passes_on_alice, plan=_ALICE, phones=_ANSWERS, leads=False),
    "before anyone has answered": Way(script=_passes_on_before_anyone_answers, leads=False),
    "by keys during a talk": Way(
        script=_a_customer_calls,
        plan=_ALICE,
        phones={"alice": answers(presses={2.0: "*209098790000#", 6.0: "##09098790000#"})},
        leads=False,
    ),
    "always forwarded": Way(script=_forwards(), plan=_ALICE),
    "forwarded when nobody answers": Way(script=_forwards(ForwardWhen.NO_ANSWER), plan=_ALICE),
    "forwarded when the phone says busy": Way(
        script=_forwards(ForwardWhen.BUSY), plan=_ALICE, phones={"alice": busy()}
    ),
    "forwarded when on another call": Way(script=_is_busy_and_forwards, plan=_ALICE, phones=_ANSWERS),
    "forwarded when not registered": Way(
        script=_forwards(ForwardWhen.UNREGISTERED), plan=_ALICE, phones={"alice": unregistered()}
    ),
    "forwarded by code, before the rule": Way(script=_forwards_by_code, plan=_ALICE),
    "forwarded by the plan": Way(script=_a_customer_calls, plan=_alice_forwards),
    "forwarded, called by a colleague": Way(script=_dials("201", by="bob"), plan=_alice_forwards, sales=False),
    "a colleague's forwarding, in a queue": Way(script=_forwards(), plan=_sales(queue("alice"), VOICEMAIL)),
    "who comes back to a phone that forwards": Way(
        script=lambda house: _passes_on_whom_she_called(house, "700"), plan=_alice_forwards, sales=False
    ),
    "a number that a step rings": Way(
        script=_a_customer_calls, plan=_sales(_rings(_NOBODYS), VOICEMAIL), alices=False
    ),
    "a mobile that a step rings": Way(script=_a_customer_calls, plan=_sales(_rings(_MOBILE), VOICEMAIL)),
    "a mobile that must press 1": Way(
        script=_a_customer_calls, plan=_sales(_rings(replace(_MOBILE, confirm=True)), VOICEMAIL)
    ),
    "a number in a queue": Way(
        script=_a_customer_calls, plan=_sales(queue(members=(_NOBODYS,)), VOICEMAIL), alices=False
    ),
    "a number that a rule rings": Way(script=_a_customer_calls, plan=_a_rule_rings, alices=False),
    "a number behind a menu's key": Way(script=_a_customer_presses({5.0: "1"}), plan=_a_menu_rings, alices=False),
    "a number dialled in a menu": Way(
        script=_a_customer_presses({5.0: "09098790000"}), plan=_a_menu_rings, leads=False
    ),
    "picking up": Way(script=_picks_up, plan=_ALICE, leads=False),
}
