"""Calls that a plain dialplan carries count as those the router carries: trunks, limits, mails at once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from router.dialplan.deck import read_deck
from router.fastagi.answers import next_after
from router.model.decision import CallerIdDecision, CallTo
from router.model.department import DialPlan
from router.model.ending import LegResult, Outcome
from router.model.limits import DenyRule, Limits
from router.model.rate import Money
from router.model.trunk import Failure
from router.rules import endings
from tests.fastagi.conftest import Dialplan
from tests.rules.acme import BACKUP, VOIPCO, acme
from tests.rules.conftest import patterns

LONDON, PARIS = "020 7183 8750", "00 33 1 40 20 50 50"
TALKED_A_MINUTE = ("ANSWER", "16", "60", "1")
TRUNK_FAILED = ("CONGESTION", "34", "", "1")


def limited(**limits: Any) -> DialPlan:
    return replace(acme(), limits=Limits(**limits), alerts=("it@acme.example",))


def channels(dialplan: Dialplan, trunk: str = "voipco") -> int:
    return dialplan.trunks[trunk].channels if trunk in dialplan.trunks else 0


# ---- channels


async def test_a_call_holds_a_channel_of_its_trunk_until_its_end_is_reported(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON)
    assert channels(dialplan) == 1

    await dialplan.ended("c1", *TALKED_A_MINUTE)
    assert channels(dialplan) == 0


async def test_a_full_trunk_is_passed_over(dialplan: Dialplan) -> None:
    dialplan.plan = acme(trunks=(replace(VOIPCO, channels=1), BACKUP))
    await dialplan.outbound(LONDON)

    second = await dialplan.outbound(LONDON)

    assert (second["CALLROUTER_ROUTES"], second["CALLROUTER_DIAL_1"]) == ("1", "PJSIP/02071838750@backup")


async def test_a_channel_counts_on_the_trunk_that_is_dialled_now(dialplan: Dialplan) -> None:
    await dialplan.outbound(PARIS)
    assert (channels(dialplan), channels(dialplan, "backup")) == (1, 0)

    await dialplan.ask("trying", "c1", "2")
    assert (channels(dialplan), channels(dialplan, "backup")) == (0, 1)
    for strange in (("c1", "3"), ("c1", "0"), ("c1", "x"), ("c9", "2"), ()):
        await dialplan.ask("trying", *strange)
    assert (channels(dialplan), channels(dialplan, "backup")) == (0, 1)

    await dialplan.ended("c1", "ANSWER", "16", "60", "2")
    await dialplan.ask("trying", "c1", "1")  # late
    assert (channels(dialplan), channels(dialplan, "backup")) == (0, 0)
    assert dialplan.trunks["voipco"].breaker.failures == 1


async def test_a_call_that_goes_on_to_another_trunk_is_one_call_of_its_account(dialplan: Dialplan) -> None:
    dialplan.plan = limited(concurrent=5, per_minute=5)
    await dialplan.outbound(PARIS)
    await dialplan.ask("trying", "c1", "2")

    usage = dialplan.usages["person:alice"]
    assert (len(usage.going_on), len(usage.began)) == (1, 1)
    await dialplan.ended("c1", "ANSWER", "16", "60", "2")
    assert not dialplan.usages["person:alice"].going_on


async def test_what_goes_out_may_be_ended_for_help_but_for_what_is_for_help_itself(dialplan: Dialplan) -> None:
    for number, dialled in enumerate((LONDON, "999", PARIS), 1):
        await dialplan.outbound(dialled, uniqueid=f"17.{number}")
    await dialplan.ask("trying", "c3", "2")

    assert [(each.call, each.channel) for each in dialplan.watch.carried({"voipco"})] == [("c1", "17.1")]
    assert [(each.call, each.channel) for each in dialplan.watch.carried({"backup"})] == [("c3", "17.3")]
    assert "c2" in dialplan.watch and "c9" not in dialplan.watch


async def test_an_emergency_call_has_room_made_for_it_and_takes_the_trunk_that_has_it(dialplan: Dialplan) -> None:
    asked: list[CallTo] = []

    async def room(decision: CallerIdDecision, plan: DialPlan) -> CallerIdDecision:
        asked.append(decision.to)
        return replace(decision, trunks=decision.trunks[::-1])

    dialplan.room = room
    first = (await dialplan.outbound("999"))["CALLROUTER_DIAL_1"]
    await dialplan.outbound(LONDON)

    assert (first, asked) == ("PJSIP/999@backup", [CallTo.EMERGENCY])


async def test_a_channel_is_given_back_where_no_report_will_come(dialplan: Dialplan) -> None:
    await dialplan.ask("outbound", LONDON, reply=lambda _: b"511 Command Not Permitted\n")
    assert channels(dialplan) == 0

    for _ in range(4):  # one more than are kept
        await dialplan.outbound(LONDON)
    assert channels(dialplan) == 3


async def test_a_channel_is_given_back_when_asterisk_has_it_no_more(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON, uniqueid="17.1")
    await dialplan.outbound(LONDON, uniqueid="17.2")
    for _ in range(2):  # the report may be on its way the first time
        assert channels(dialplan) == 2
        dialplan.now += timedelta(seconds=30)
        dialplan.calls.look_through({"17.2"}, dialplan.now)

    assert channels(dialplan) == 1
    assert dialplan.records[-1].id == "c1"
    assert dialplan.records[-1].ending == endings.failed()


async def test_a_call_that_began_while_channels_were_listed_is_not_missed(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON)
    for _ in range(2):
        dialplan.calls.look_through((), dialplan.now)

    assert channels(dialplan) == 1


async def test_a_call_between_colleagues_holds_none(dialplan: Dialplan) -> None:
    await dialplan.outbound("203")

    assert channels(dialplan) == 0


# ---- breakers


async def failing(dialplan: Dialplan, *report: str, calls: int = 3) -> None:
    for _ in range(calls):
        await dialplan.outbound(LONDON)
        await dialplan.ended(dialplan.records[-1].id, *report, after_s=1)


BREAKS = {
    "congestion": (TRUNK_FAILED, True),
    "the carrier refuses our account": (("NOANSWER", "21", "", "1", "", "403"), True),
    "the next trunk was dialled": (("ANSWER", "16", "60", "2"), True),
    "every trunk was dialled": (("CONGESTION", "34", "", "3"), True),
    "somebody declined": (("NOANSWER", "21", "", "1", "", "603"), False),
    "busy": (("BUSY", "17", "", "1"), False),
    "answered": (TALKED_A_MINUTE, False),
    "given up": (("CANCEL", "0", "", "1"), False),
    "nothing was dialled": (("", "", "", ""), False),
}


@pytest.mark.parametrize(("report", "opens"), BREAKS.values(), ids=BREAKS)
async def test_what_opens_a_trunks_breaker(dialplan: Dialplan, report: tuple[str, ...], opens: bool) -> None:
    await failing(dialplan, *report)

    assert (dialplan.trunks["voipco"].breaker.opened_at is not None) is opens


async def test_a_trunks_own_table_says_what_its_failures_are(dialplan: Dialplan) -> None:
    dialplan.plan = acme(trunks=(replace(VOIPCO, causes={486: Failure.TECHNICAL}), BACKUP))
    await failing(dialplan, "BUSY", "17", "", "1", "", "486")

    assert dialplan.trunks["voipco"].breaker.opened_at is not None
    assert dialplan.records[-1].legs[-1].result is LegResult.CONGESTED


PROBES = {
    "it works": (TALKED_A_MINUTE, "@voipco"),
    "it fails": (TRUNK_FAILED, "@backup"),
    "it was not tried": (("", "", "", ""), "@voipco"),
}


@pytest.mark.parametrize(("report", "then"), PROBES.values(), ids=PROBES)
async def test_after_the_pause_one_call_probes_the_trunk(
    dialplan: Dialplan, report: tuple[str, ...], then: str
) -> None:
    await failing(dialplan, *TRUNK_FAILED)
    dialplan.now += timedelta(seconds=31)

    assert (await dialplan.outbound(LONDON))["CALLROUTER_DIAL_1"].endswith("@voipco")
    probe = dialplan.records[-1].id
    assert (await dialplan.outbound(LONDON))["CALLROUTER_DIAL_1"].endswith("@backup")

    await dialplan.ended(probe, *report, after_s=1)
    assert (await dialplan.outbound(LONDON))["CALLROUTER_DIAL_1"].endswith(then)


async def test_the_last_leg_is_recorded_when_every_trunk_failed(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON)
    await dialplan.ended("c1", "CONGESTION", "34", "", "3")

    assert [(leg.trunk, leg.result) for leg in dialplan.record.legs] == [("backup", LegResult.CONGESTED)]


async def test_the_leg_says_what_was_called_and_shown_and_what_it_costs(dialplan: Dialplan) -> None:
    deck = read_deck("prefix,description,per_minute\n33,France,0.02\n").in_currency("GBP")
    dialplan.plan = acme(trunks=(replace(VOIPCO, rates=deck), BACKUP))
    await dialplan.outbound(PARIS)
    await dialplan.ended("c1", *TALKED_A_MINUTE, "", "200")

    [leg] = dialplan.record.legs
    assert (leg.called, leg.shown, leg.tech_cause) == ("+33140205050", "+442079460100", 200)
    assert leg.price is not None
    assert leg.price.amount == Decimal("0.02")


# ---- limits


async def test_calls_at_the_same_time_are_limited(dialplan: Dialplan) -> None:
    dialplan.plan = limited(concurrent=1)
    await dialplan.outbound(LONDON)
    assert (await dialplan.outbound(LONDON))["CALLROUTER_REFUSED"] == "21"

    await dialplan.ended("c1", *TALKED_A_MINUTE)
    assert (await dialplan.outbound(LONDON))["CALLROUTER_REFUSED"] == ""


async def test_minutes_abroad_are_counted_from_the_talk_the_dialplan_reports(dialplan: Dialplan) -> None:
    dialplan.plan = limited(foreign_s=50.0)
    await dialplan.outbound(PARIS)
    await dialplan.ended("c1", *TALKED_A_MINUTE, after_s=90)

    assert dialplan.usages["person:alice"].foreign_s == 60
    assert (await dialplan.outbound(PARIS))["CALLROUTER_REFUSED"] == "21"
    assert (await dialplan.outbound(LONDON))["CALLROUTER_REFUSED"] == ""


async def test_what_a_talk_may_still_cost_is_how_long_it_may_last(dialplan: Dialplan) -> None:
    """A penny a second; the talk counts from its beginning, and as it was once its end is reported."""
    deck = read_deck("prefix,per_minute\n33,0.60\n").in_currency("GBP")
    money = Limits(spend=Money(amount=Decimal("1.20"), currency="GBP"))
    dialplan.plan = replace(acme(trunks=(replace(VOIPCO, rates=deck), BACKUP)), limits=money)
    assert (await dialplan.outbound(PARIS))["CALLROUTER_LONGEST"] == "118"

    dialplan.now += timedelta(seconds=60)
    assert (await dialplan.outbound(PARIS))["CALLROUTER_LONGEST"] == "28"  # for each of the two
    await dialplan.ended("c2", *TRUNK_FAILED, after_s=0)
    await dialplan.ended("c1", *TALKED_A_MINUTE, after_s=10)

    assert dialplan.usages["person:alice"].spent == {"GBP": Decimal("0.6000")}
    assert (await dialplan.outbound(PARIS))["CALLROUTER_LONGEST"] == "58"
    dialplan.now += timedelta(seconds=55)
    assert (await dialplan.outbound(PARIS))["CALLROUTER_REFUSED"] == "21"


async def test_who_reached_a_limit_is_told_of_once_an_hour(dialplan: Dialplan) -> None:
    dialplan.plan = limited(per_minute=1)
    for _ in range(3):
        await dialplan.outbound(LONDON)

    [mail] = dialplan.mails
    assert (mail.to, mail.key) == (("it@acme.example",), "c2-limit")
    assert ("Who", "Alice, extension 201") in mail.rows
    assert len(dialplan.noted) == 1


async def test_the_longest_talk_reaches_the_dialplan(dialplan: Dialplan) -> None:
    dialplan.plan = limited(longest_s=3600.0)

    assert (await dialplan.outbound(LONDON))["CALLROUTER_LONGEST"] == "3600"
    assert (await dialplan.outbound("999"))["CALLROUTER_LONGEST"] == ""


async def test_what_a_denied_caller_hears_reaches_the_dialplan(dialplan: Dialplan) -> None:
    rule = DenyRule(path="outbound.deny[0]", name="too dear", called=patterns(("FR",)), prompt="acme/welcome")
    dialplan.plan = replace(acme(), denied=(rule,))

    denied = await dialplan.outbound(PARIS)

    assert (denied["CALLROUTER_REFUSED"], denied["CALLROUTER_PROMPT"]) == ("21", "/sounds/acme/welcome")


# ---- emergencies


async def test_an_emergency_is_told_of_at_once_and_when_it_is_over(dialplan: Dialplan) -> None:
    plan = limited(concurrent=0)
    dialplan.plan = replace(plan, emergency=replace(plan.emergency, alert=("safety@acme.example",)))

    assert (await dialplan.outbound("999"))["CALLROUTER_REFUSED"] == ""
    [placed] = dialplan.mails
    assert placed.subject == "EMERGENCY: Alice, extension 201 calls 999"

    await dialplan.ended("c1", "ANSWER", "16", "60", "2", "callee")
    rows = dict(dialplan.mails[-1].rows)
    assert (dialplan.mails[-1].key, rows["Outcome"], rows["Talked"]) == ("c1-ended", "answered", "60 s")
    assert rows["Trunks"] == "voipco: not answered; backup: answered"
    assert dialplan.trunks["voipco"].breaker.failures == 0


async def test_an_emergency_that_was_given_up_before_it_was_dialled_is_told_of(dialplan: Dialplan) -> None:
    plan = acme()
    dialplan.plan = replace(plan, emergency=replace(plan.emergency, alert=("safety@acme.example",)))
    await dialplan.ask("outbound", "999", reply=lambda _: b"511 Command Not Permitted\n")

    assert [mail.key for mail in dialplan.mails] == ["c1-placed", "c1-ended"]
    assert dict(dialplan.mails[-1].rows)["Outcome"] == Outcome.ABANDONED.value


# ---- which failures the next trunk is tried after


async def test_only_a_trunk_with_a_table_of_its_own_sends_it(dialplan: Dialplan) -> None:
    dialplan.plan = acme(trunks=(VOIPCO, replace(BACKUP, causes={17: Failure.TECHNICAL})))

    variables = await dialplan.outbound(LONDON)

    assert "CALLROUTER_NEXT_1" not in variables
    assert "-17-" in variables["CALLROUTER_NEXT_2"]


async def test_an_emergency_call_goes_on_whatever_the_first_trunk_says(dialplan: Dialplan) -> None:
    dialplan.plan = acme(trunks=(replace(VOIPCO, causes={486: Failure.HUMAN}), BACKUP))

    written = (await dialplan.outbound("999"))["CALLROUTER_NEXT_1"]

    assert [cause for cause in range(128) if f"-{cause}-" not in written] == []
    assert "x" not in written


NEXT = {
    # the trunk's table, what is tried after, what not
    "a cause of a person's": ({17: Failure.TECHNICAL}, ("17", "34", "s403"), ("21", "1", "x403")),
    "a cause of a trunk's": ({34: Failure.NUMBER}, ("3", "38", "s401"), ("34",)),
    "a status": ({486: Failure.TECHNICAL}, ("s486", "s403"), ("17", "x486")),
    "a status that stops": ({503: Failure.HUMAN}, ("x503", "34"), ("s503",)),
    "our account is refused as a person refuses": ({403: Failure.HUMAN}, ("x403", "s401"), ("s403",)),
    "a cause wins where the status has no line": ({21: Failure.HUMAN}, ("x403",), ("s403", "21")),
}


@pytest.mark.parametrize(("causes", "there", "not_there"), NEXT.values(), ids=NEXT)
def test_a_trunks_table_as_the_dialplan_reads_it(
    causes: dict[int, Failure], there: tuple[str, ...], not_there: tuple[str, ...]
) -> None:
    written = next_after(causes)

    assert [word for word in there if f"-{word}-" not in written] == []
    assert [word for word in not_there if f"-{word}-" in written] == []


@pytest.mark.parametrize("status", [None, 401, 403, 404, 486, 503, 603])
@pytest.mark.parametrize("causes", [case[0] for case in NEXT.values()], ids=NEXT)
def test_the_dialplan_goes_on_where_the_router_would(causes: dict[int, Failure], status: int | None) -> None:
    written = next_after(causes)
    for cause in (21,) if status in endings.SETUP_REFUSALS else range(1, 128):
        goes_on = f"-s{status}-" in written or (f"-x{status}-" not in written and f"-{cause}-" in written)

        assert goes_on is endings.is_technical(endings.leg_result(cause, status, causes=causes))


# ---- phones in use


def in_use(dialplan: Dialplan) -> set[str]:
    return {
        person
        for person, activity in dialplan.staff.activities.items()
        if activity.is_talking or activity.is_ringing
    }


@pytest.mark.parametrize(
    ("script", "number", "fields", "busy"),
    [
        pytest.param("outbound", LONDON, {}, {"alice"}, id="who calls out"),
        pytest.param("outbound", "203", {}, {"alice", "carol"}, id="who calls a colleague, and the colleague"),
        pytest.param("outbound", "999", {}, {"alice"}, id="who calls for help"),
        pytest.param("inbound", "+442079460100", {"channel": "PJSIP/voipco-1"}, set(), id="nobody of many"),
        pytest.param("inbound", "203", {}, {"alice", "carol"}, id="who calls one colleague, in by that door"),
    ],
)
async def test_whoever_is_on_such_a_call_is_offered_no_other(
    dialplan: Dialplan, script: str, number: str, fields: dict[str, str], busy: set[str]
) -> None:
    await dialplan.ask(script, number, **fields)
    assert in_use(dialplan) == busy

    await dialplan.ended(dialplan.record.id, *TALKED_A_MINUTE)
    assert in_use(dialplan) == set()


async def test_a_call_that_is_refused_leaves_the_phone_free(dialplan: Dialplan) -> None:
    await dialplan.outbound("299")

    assert dialplan.record.ending is not None
    assert in_use(dialplan) == set()


async def test_a_phone_is_free_again_when_asterisk_has_the_channel_no_more(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON, uniqueid="17.1")
    for _ in range(2):
        dialplan.now += timedelta(seconds=30)
        dialplan.calls.look_through((), dialplan.now)

    assert in_use(dialplan) == set()


async def test_a_phone_that_is_in_use_by_this_door_is_rung_for_no_department(dialplan: Dialplan) -> None:
    await dialplan.outbound(LONDON)

    assert (await dialplan.inbound("+442079460100"))["CALLROUTER_DIAL_1"] == "PJSIP/bob"
