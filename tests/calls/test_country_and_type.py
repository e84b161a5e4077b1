"""What the record says of the numbers: in which country they are, and what they are used for."""

import pytest

from router.model.record import CallRecord
from tests.calls.house import SALES_NUMBER, place
from tests.calls.test_outbound import _nothing, click, dial
from tests.support.phones import Caller, answers, never_answers


def numbers(record: CallRecord) -> tuple[str | None, ...]:
    return record.caller_country, record.caller_type, record.called_country, record.called_type


@pytest.mark.parametrize(
    ("caller", "known"),
    [
        pytest.param(Caller(number="+447400123457"), ("GB", "mobile"), id="mobile"),
        pytest.param(Caller(number="0033140205050"), ("FR", "fixed"), id="abroad"),
        pytest.param(Caller(number="+12125550100"), ("US", "fixed or mobile"), id="north-america"),
        pytest.param(Caller(number="+447400123457", withheld=True), (None, None), id="withheld"),
        pytest.param(Caller(number="123"), (None, None), id="no-public-number"),
        pytest.param(Caller(number=""), (None, None), id="nothing"),
    ],
)
def test_of_a_call_that_comes_in_both_numbers_are_known(caller: Caller, known: tuple[str | None, ...]) -> None:
    call = place(SALES_NUMBER, caller=caller, phones={"alice": answers()})

    assert numbers(call.record) == (*known, "GB", "fixed")


@pytest.mark.parametrize(
    ("dialled", "known"),
    [
        pytest.param("0033140205050", ("FR", "fixed"), id="abroad"),
        pytest.param("07400123456", ("GB", "mobile"), id="mobile"),
        pytest.param("08001111222", ("GB", "toll-free"), id="toll-free"),
        pytest.param("09091234567", ("GB", "premium-rate"), id="premium-rate"),
        pytest.param("00491805123456", ("DE", "shared-cost"), id="shared-cost"),
        pytest.param("999", ("GB", "emergency"), id="emergency"),
        pytest.param("101", ("GB", "short"), id="short"),
        pytest.param("202", (None, "internal"), id="colleague"),
        pytest.param("0123", (None, None), id="no-number"),
    ],
)
def test_of_a_call_that_goes_out_the_number_called_is_known(dialled: str, known: tuple[str | None, ...]) -> None:
    call = dial(dialled, phones={"voipco": answers(), "bob": answers()})

    assert numbers(call.record) == (None, None, *known)


def test_of_a_click_to_call_the_number_is_known_though_nobody_was_there_to_make_it() -> None:
    record, _ = click(_nothing, alice=never_answers(), voipco=answers())

    assert numbers(record) == (None, None, "FR", "fixed")
