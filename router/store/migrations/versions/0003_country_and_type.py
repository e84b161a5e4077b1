"""The country and the type of a call's numbers, also of calls that were recorded before."""

from collections.abc import Iterable, Iterator

import phonenumbers
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AT_ONCE = 1000
_USE = phonenumbers.PhoneNumberType
_TYPES = {
    _USE.MOBILE: "mobile",
    _USE.FIXED_LINE: "fixed",
    _USE.FIXED_LINE_OR_MOBILE: "fixed or mobile",
    _USE.TOLL_FREE: "toll-free",
    _USE.PREMIUM_RATE: "premium-rate",
    _USE.SHARED_COST: "shared-cost",
    _USE.VOIP: "voip",
    _USE.PERSONAL_NUMBER: "personal",
    _USE.UNKNOWN: None,
}
_ADDED = ("caller_country", "caller_type", "called_country", "called_type")
_calls = sa.table("calls", *map(sa.column, ("direction", "caller_number", "called_number", *_ADDED)))
_numbers = sa.table("numbers_read", *map(sa.column, ("number", "country", "type")))


def upgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        for name in _ADDED:
            calls.add_column(sa.Column(name, sa.Text))
    _read_numbers()
    # Callers only of calls from outside; what a short number was meant in, and a colleague's, nobody wrote down.
    op.execute(_filled("called", sa.true()))
    op.execute(_filled("caller", _calls.c.direction == "inbound"))
    is_internal = sa.and_(_calls.c.direction == "internal", _calls.c.called_type.is_(None))
    op.execute(sa.update(_calls).where(is_internal).values(called_type="internal"))
    op.drop_table("numbers_read")


def _read_numbers() -> None:
    """Each number once, however many calls it had."""
    op.create_table(
        "numbers_read",
        sa.Column("number", sa.Text, primary_key=True),
        sa.Column("country", sa.Text),
        sa.Column("type", sa.Text),
        prefixes=["TEMPORARY"],
    )
    connection = op.get_bind()
    each = [
        sa.select(column.label("number")).where(column.like("+%"))
        for column in (_calls.c.caller_number, _calls.c.called_number)
    ]
    read = list(_read(connection.scalars(sa.union(*each)).all()))
    for start in range(0, len(read), _AT_ONCE):
        connection.execute(sa.insert(_numbers), read[start : start + _AT_ONCE])


def _read(numbers: Iterable[str]) -> Iterator[dict[str, str | None]]:
    for number in numbers:
        try:
            read = phonenumbers.parse(number, None)
        except phonenumbers.NumberParseException:
            continue
        main = phonenumbers.region_code_for_country_code(read.country_code or 0)
        country = phonenumbers.region_code_for_number(read) or main
        yield {"number": number, "country": country, "type": _TYPES.get(phonenumbers.number_type(read), "other")}


def _filled(party: str, where: sa.ColumnElement[bool]) -> sa.Update:
    number = _calls.c[f"{party}_number"]
    found = {
        f"{party}_{what}": sa.select(_numbers.c[what]).where(_numbers.c.number == number).scalar_subquery()
        for what in ("country", "type")
    }
    return sa.update(_calls).where(where, number.in_(sa.select(_numbers.c.number))).values(found)
