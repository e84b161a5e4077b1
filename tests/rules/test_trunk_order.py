"""Which trunks a call may take now, in which order, and why not the others; and when a breaker opens and closes."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from router.model.call import CallId
from router.model.decision import CallTo
from router.model.department import Trunk
from router.model.ending import LegResult
from router.model.plan import RejectCause
from router.model.rate import Rate, RateDeck
from router.model.situation import Situation
from router.model.trunk import CLOSED, Breaker, BreakerLimits, Failure, TrunkState
from router.rules.caller_id import choose_caller_id
from router.rules.endings import leg_result
from router.rules.leaving import refusal
from router.rules.trunks import after, drawn, is_failure, may_probe, tried
from tests.rules.acme import BACKUP, SALES, VOIPCO, acme, leaving, trunks
from tests.rules.conftest import OPEN, emergency, shows, trunk_rule

LIMITS = BreakerLimits(failures=3, pause_s=30.0)
OPENED = TrunkState(breaker=Breaker(failures=3, opened_at=OPEN - timedelta(seconds=10)))
PROBED = TrunkState(breaker=Breaker(failures=3, opened_at=OPEN - timedelta(seconds=40), is_probed=True))
MAY_PROBE = TrunkState(breaker=Breaker(failures=3, opened_at=OPEN - timedelta(seconds=40)))
AWAY = TrunkState(is_online=False)
FULL = TrunkState(channels=2)
PLAN = acme(trunks=[replace(VOIPCO, channels=2), replace(BACKUP, channels=2)])


def knowing(**states: TrunkState) -> Situation:
    return Situation(trunks=states)


@pytest.mark.parametrize(
    ("voipco", "backup", "taken"),
    [
        pytest.param(TrunkState(), TrunkState(), ["voipco", "backup"], id="both are there: in the order written"),
        pytest.param(FULL, TrunkState(), ["backup"], id="one that is full is passed over"),
        pytest.param(TrunkState(channels=1), TrunkState(), ["voipco", "backup"], id="one channel is left"),
        pytest.param(OPENED, TrunkState(), ["backup"], id="one that fails is passed over"),
        pytest.param(MAY_PROBE, TrunkState(), ["voipco", "backup"], id="after its pause one call probes it"),
        pytest.param(PROBED, TrunkState(), ["backup"], id="while one call probes it the others go by"),
        pytest.param(AWAY, TrunkState(), ["backup"], id="one that is away is passed over"),
        pytest.param(TrunkState(is_online=True), AWAY, ["voipco"], id="the second one is away"),
        pytest.param(OPENED, AWAY, ["voipco", "backup"], id="where none seems to work all are tried, in order"),
        pytest.param(FULL, AWAY, ["backup"], id="rather one that seems away than one that is full"),
    ],
)
def test_a_call_takes_the_trunks_that_can_carry_it(
    voipco: TrunkState, backup: TrunkState, taken: list[str]
) -> None:
    decision = choose_caller_id(leaving(), PLAN, OPEN, knowing(voipco=voipco, backup=backup))

    assert trunks(decision) == taken


@pytest.mark.parametrize(
    ("state", "because"),
    [
        (FULL, "voipco is full: 2 of 2 channels in use"),
        (OPENED, "voipco fails: open for another 20 s"),
        (PROBED, "voipco fails: open, one call probes it"),
        (AWAY, "voipco is away: Asterisk cannot reach it"),
    ],
)
def test_a_trunk_that_is_passed_over_says_why(state: TrunkState, because: str) -> None:
    decision = choose_caller_id(leaving(), PLAN, OPEN, knowing(voipco=state), traced=True)

    assert ("trunks.voipco", False, because) in [(t.path, t.matched, t.because) for t in decision.trace]


def test_when_every_trunk_is_full_the_call_is_refused_as_congestion_with_the_reason() -> None:
    decision = choose_caller_id(leaving(), PLAN, OPEN, knowing(voipco=FULL, backup=FULL))

    assert (decision.to, refusal(decision)) == (CallTo.NOWHERE, RejectCause.CONGESTION)
    assert decision.refused == (
        "no trunk has a channel left: "
        "voipco is full: 2 of 2 channels in use; backup is full: 2 of 2 channels in use"
    )


@pytest.mark.parametrize(
    ("voipco", "backup", "order"),
    [
        (OPENED, TrunkState(), ["backup", "voipco"]),
        (AWAY, TrunkState(), ["backup", "voipco"]),
        (FULL, OPENED, ["backup", "voipco"]),
        (FULL, FULL, ["voipco", "backup"]),
    ],
)
def test_an_emergency_call_may_take_every_trunk_those_that_work_first_full_ones_last(
    voipco: TrunkState, backup: TrunkState, order: list[str]
) -> None:
    decision = choose_caller_id(leaving(emergency("999")), PLAN, OPEN, knowing(voipco=voipco, backup=backup))

    assert (decision.to, trunks(decision)) == (CallTo.EMERGENCY, order)


def test_a_trunk_that_may_not_show_the_number_is_no_way_out_also_when_the_others_fail() -> None:
    plan = acme(departments=[replace(SALES, caller_id=shows("+12125550100"))])

    decision = choose_caller_id(leaving(), plan, OPEN, knowing(voipco=OPENED))

    assert trunks(decision) == ["voipco"]


# ---- sharing


def test_sharing_puts_each_trunk_first_as_often_as_its_weight_says() -> None:
    firsts = Counter(
        drawn([VOIPCO, BACKUP], {"voipco": 2, "backup": 1}, CallId(f"019a{n * 7919:018x}"))[0].key
        for n in range(3000)
    )

    assert firsts["voipco"] / 3000 == approx(2 / 3, abs=0.03)


def test_the_same_call_always_draws_the_same_trunk_and_keeps_the_others_for_failover() -> None:
    plan = acme(
        routes=[replace(trunk_rule("all", "voipco", "backup"), share={"voipco": 1, "backup": 1})],
    )
    calls = [replace(leaving(), id=CallId(f"c{n}")) for n in range(40)]
    taken = [trunks(choose_caller_id(call, plan, OPEN)) for call in calls]

    assert {tuple(each) for each in taken} == {("voipco", "backup"), ("backup", "voipco")}
    assert taken == [trunks(choose_caller_id(call, plan, OPEN)) for call in calls]


def test_who_cannot_carry_the_call_has_no_share_of_it() -> None:
    plan = acme(
        routes=[replace(trunk_rule("all", "voipco", "backup"), share={"voipco": 1, "backup": 1})],
    )
    for n in range(40):
        call = replace(leaving(), id=CallId(f"c{n}"))
        assert trunks(choose_caller_id(call, plan, OPEN, knowing(backup=OPENED))) == ["voipco"]


# ---- the cheapest


def rated(trunk: Trunk, **prices: str) -> Trunk:
    """prices: a minute's, by prefix: f33="0.02"."""
    rates = {prefix[1:]: (rate(cost),) for prefix, cost in prices.items()}
    return replace(trunk, rates=RateDeck(currency="GBP", of_prefix=rates, lengths=(2,)))


def rate(cost: str) -> Rate:
    return Rate(description="", per_minute=Decimal(cost))


@pytest.mark.parametrize(
    ("voipco", "backup", "order"),
    [
        pytest.param({"f33": "0.02"}, {"f33": "0.01"}, ["backup", "voipco"], id="the second is cheaper"),
        pytest.param({"f33": "0.01"}, {"f33": "0.02"}, ["voipco", "backup"], id="the first is cheaper"),
        pytest.param({"f33": "0.02"}, {"f33": "0.02"}, ["voipco", "backup"], id="at one price as they are written"),
        pytest.param({"f44": "0.01"}, {"f33": "0.02"}, ["backup", "voipco"], id="without a rate comes last"),
    ],
)
def test_where_the_cheapest_is_asked_for_it_goes_first(
    voipco: dict[str, str], backup: dict[str, str], order: list[str]
) -> None:
    plan = acme(
        trunks=[rated(VOIPCO, **voipco), rated(BACKUP, **backup)],
        routes=[replace(trunk_rule("all", "voipco", "backup"), cheapest=True)],
    )

    assert trunks(choose_caller_id(leaving(), plan, OPEN)) == order


# ---- the breaker


def test_the_breaker_opens_after_three_technical_failures_in_a_row() -> None:
    breaker = CLOSED
    for n in range(3):
        assert breaker.opened_at is None
        breaker = after(breaker, True, OPEN + timedelta(seconds=100 * n), LIMITS)

    assert breaker.opened_at == OPEN + timedelta(seconds=200)


def test_a_call_that_gets_through_begins_the_row_anew() -> None:
    breaker = CLOSED
    for n, has_failed in enumerate([True, True, False] * 6):
        breaker = after(breaker, has_failed, OPEN + timedelta(seconds=100 * n), LIMITS)

    assert breaker.opened_at is None


def test_the_breaker_opens_when_more_than_half_of_the_last_twenty_failed_within_a_minute() -> None:
    breaker, opened = CLOSED, []
    for n, has_failed in enumerate([True, False] * 8 + [True, True, False, True, True]):
        breaker = after(breaker, has_failed, OPEN + timedelta(seconds=n), LIMITS)
        opened.append(breaker.opened_at is not None)

    assert opened == [False] * 19 + [True, True]


def test_the_same_failures_over_an_hour_do_not_open_it() -> None:
    breaker = CLOSED
    for n, has_failed in enumerate([True, True, False] * 20):
        breaker = after(breaker, has_failed, OPEN + timedelta(minutes=n), LIMITS)

    assert breaker.opened_at is None


def test_after_the_pause_one_call_probes_and_its_success_closes_the_breaker() -> None:
    opened = Breaker(failures=3, opened_at=OPEN)
    later = OPEN + timedelta(seconds=30)

    assert not may_probe(opened, OPEN + timedelta(seconds=29), LIMITS)
    assert may_probe(opened, later, LIMITS)
    probed = tried(opened, later, LIMITS)
    assert not may_probe(probed, later, LIMITS)
    assert after(probed, False, later, LIMITS) == CLOSED


def test_a_probe_that_fails_begins_the_pause_anew() -> None:
    later = OPEN + timedelta(seconds=30)
    failed = after(tried(Breaker(failures=3, opened_at=OPEN), later, LIMITS), True, later, LIMITS)

    assert (failed.opened_at, failed.is_probed) == (later, False)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 90.0)), max_size=80))
def test_whatever_happens_the_breaker_can_be_probed_a_pause_later(calls: list[tuple[bool, float]]) -> None:
    breaker, at = CLOSED, OPEN
    for has_failed, pause_s in calls:
        at += timedelta(seconds=pause_s)
        breaker = after(tried(breaker, at, LIMITS), has_failed, at, LIMITS)
        assert len(breaker.recent) <= 20
        if not has_failed:
            assert breaker.opened_at is None

    assert breaker.opened_at is None or may_probe(breaker, at + timedelta(seconds=30), LIMITS)


@pytest.mark.parametrize(
    ("result", "has_rung", "failed"),
    [
        (LegResult.CONGESTED, False, True),
        (LegResult.UNREACHABLE, True, True),
        (LegResult.BUSY, False, False),
        (LegResult.REJECTED, False, False),
        (LegResult.INVALID_NUMBER, False, False),
        (LegResult.NO_ANSWER, True, False),
        (LegResult.CANCELLED, True, False),
        (LegResult.CANCELLED, False, None),
    ],
)
def test_only_technical_failures_speak_against_a_trunk(
    result: LegResult, has_rung: bool, failed: bool | None
) -> None:
    assert is_failure(result, has_rung=has_rung) is failed


# ---- what a cause means


@pytest.mark.parametrize(
    ("causes", "cause", "sip", "result"),
    [
        pytest.param({}, 21, 603, LegResult.REJECTED, id="declined by a person"),
        pytest.param({}, 21, 403, LegResult.CONGESTED, id="our account is refused"),
        pytest.param({21: Failure.TECHNICAL}, 21, 603, LegResult.CONGESTED, id="this carrier means itself by 21"),
        pytest.param({603: Failure.TECHNICAL}, 21, 603, LegResult.CONGESTED, id="or by 603"),
        pytest.param({603: Failure.TECHNICAL}, 21, 608, LegResult.REJECTED, id="but not by 608"),
        pytest.param({403: Failure.HUMAN}, 21, 403, LegResult.REJECTED, id="403 for a person who declines"),
        pytest.param({503: Failure.HUMAN}, 34, 503, LegResult.REJECTED, id="503 for a person who is away"),
        pytest.param({500: Failure.NUMBER}, 38, 500, LegResult.INVALID_NUMBER, id="500 for no such number"),
        pytest.param({404: Failure.TECHNICAL}, 1, 404, LegResult.CONGESTED, id="404 for a route that is missing"),
        pytest.param(
            {503: Failure.HUMAN, 34: Failure.NUMBER},
            34,
            503,
            LegResult.REJECTED,
            id="the status goes before the cause",
        ),
        pytest.param(
            {17: Failure.HUMAN}, 17, 486, LegResult.BUSY, id="what it means anyway stays as exact as it was"
        ),
    ],
)
def test_a_trunk_may_mean_something_else_by_a_cause_or_a_status(
    causes: dict[int, Failure], cause: int, sip: int, result: LegResult
) -> None:
    assert leg_result(cause, sip, causes=causes) is result


def test_what_we_did_ourselves_is_not_read_as_the_carriers_word() -> None:
    causes = {16: Failure.TECHNICAL}

    assert leg_result(16, None, cancelled_by_us=True, causes=causes) is LegResult.CANCELLED
    assert leg_result(16, None, answered=True, causes=causes) is LegResult.ANSWERED
