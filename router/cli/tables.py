"""Tables for a terminal: calls, voicemails, changes, people, switches and blocks."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from router.dialplan.faults import brief
from router.model.call import Direction
from router.model.change import Change
from router.model.ending import Fault, Outcome, Party
from router.model.message import Delivery, DeliveryState, VoicemailMessage
from router.model.rate import Total
from router.model.record import CallRecord
from router.rules.charges import costs

WIDTH_ELSEWHERE = 200  # in a file or a pipe nothing is to be cut to a terminal's width

_ARROWS = {Direction.INBOUND: "in", Direction.OUTBOUND: "out", Direction.INTERNAL: "int"}
_GOOD = frozenset({Outcome.ANSWERED, Outcome.VOICEMAIL, Outcome.CALL_BACK})
_HUNG_UP = {Party.CALLER: "caller", Party.CALLEE: "callee", Party.US: "we"}
_COLOURS = {DeliveryState.SENT: "green", DeliveryState.WAITING: "yellow", DeliveryState.DEAD: "red"}


def printed(table: Table) -> None:
    """Prints to standard output."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH_ELSEWHERE
    console.print(table)


def calls_table(records: Iterable[CallRecord]) -> Table:
    """One row a call. Times are local."""
    table = _table(
        "when", "", "from", "to", "department", "person", "shown", "outcome", "rang", "talked", "cost", "why"
    )
    for record in records:
        outcome = _outcome(record)
        if record.recordings:
            outcome.append(", recorded")
        rang_s = _between_s(record.arrived_at, record.rang_at and (record.answered_at or record.ended_at))
        talked_s = record.talked_s if record.ended_at and record.answered_at else None
        table.add_row(
            _when(record.arrived_at),
            _ARROWS[record.direction],
            _words(f"{record.caller_number} {record.caller_name}".strip()),
            _words(record.called_number),
            _words(record.department or ""),
            _words(record.person or _answerer(record)),
            _words(record.shown),
            outcome,
            _duration(rang_s),
            _duration(talked_s),
            _words(", ".join(f"{amount} {currency}" for currency, amount in costs(record).items())),
            _words(record.because, most=60),
        )
    return table


def charges_table(totals: Iterable[Total], by: str) -> Table:
    """One row a key and currency. by: what the keys are."""
    table = _table(by, "calls", "minutes", "billed minutes", "cost")
    for total in totals:
        table.add_row(
            _words(total.key or ("none" if by else "")),
            str(total.calls),
            _minutes(total.talked_s),
            _minutes(total.billed_s) if total.currency else "",
            _words(f"{total.amount} {total.currency}" if total.currency else "no rate"),
        )
    return table


def _minutes(length_s: int) -> str:
    return f"{length_s / 60:.1f}"


def voicemails_table(deliveries: Iterable[tuple[VoicemailMessage, Delivery]]) -> Table:
    """One row a message, with the state of its e-mail."""
    table = _table("when", "department", "from", "length", "e-mail", "tries", "to", "next try, or last error")
    for message, delivery in deliveries:
        facts = message.facts
        is_waiting = delivery.state is DeliveryState.WAITING
        following = f"{_when(delivery.next_at)} " if is_waiting and delivery.next_at else ""
        table.add_row(
            _when(facts.recorded_at),
            _words(facts.department),
            _words(f"{facts.caller_number} {facts.caller_name}".strip()),
            _duration(message.sound.duration_s),
            Text(delivery.state.value, style=_COLOURS[delivery.state]),
            str(delivery.attempts),
            _words(", ".join(facts.to)),
            _words(following + ("" if delivery.state is DeliveryState.SENT else delivery.last_error)),
        )
    return table


def changes_table(changes: Iterable[Change]) -> Table:
    """One row a change, with the dial plan in force after it."""
    table = _table("when", "what", "by", "dial plan")
    for change in changes:
        what, by = _words(change.what, most=120), _words(change.by)
        table.add_row(_when(change.at), what, by, _words(change.dialplan[:12]))
    return table


def people_table(people: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a person, as the running router tells them."""
    table = _table("person", "name", "phone", "takes calls", "forwards", "calls today")
    for key, person in people.items():
        forwards = ", ".join(f"{when}: {to}" for when, to in person["forward"].items())
        table.add_row(
            _words(key),
            _words(person["name"]),
            _phone(person),
            _takes_calls(person),
            _words(forwards, most=80),
            str(person["calls_today"]),
        )
    return table


def trunks_table(trunks: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a trunk, as the running router tells them."""
    table = _table("trunk", "channels", "breaker", "endpoint", "not taken now because")
    reached = {True: "online", False: "offline", None: "not known"}
    for key, told in trunks.items():
        most = told["most_channels"]
        table.add_row(
            _words(key),
            f"{told['channels']} of {most}" if most else str(told["channels"]),
            _words(told["breaker"]),
            reached[told["is_online"]],
            _words(told["not_taken"], most=80),
        )
    return table


def switches_table(switches: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a department or schedule, as the running router tells them: by the company's clock."""
    table = _table("what", "is", "switched by", "until", "because")
    for name, told in switches.items():
        switch = told["switch"] or {}
        ends = [f"{datetime.fromisoformat(switch['until']):%Y-%m-%d %H:%M %Z}"] if switch.get("until") else []
        if switch.get("until_agrees"):
            ends.append("its schedule agrees")
        table.add_row(
            _words(name),
            Text("open", style="green") if told["is_open"] else Text("closed", style="yellow"),
            _words(switch.get("set_by", "")),
            _words(" or ".join(ends)),
            _words(told["because"], most=80),
        )
    return table


def blocks_table(blocks: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a block, as the running router tells them."""
    table = _table("key", "who", "hears", "until", "hits", "last", "added by", "reason")
    for key, block in blocks.items():
        table.add_row(
            _words(key),
            _words(block["what"] or f"name: {block['name']}"),
            _words(block["cause"]),
            _moment(block["expires_at"]) or "for ever",
            str(block["hits"]),
            _moment(block["last_hit_at"]),
            _words(block["added_by"]),
            _words(block["reason"]),
        )
    return table


def _moment(text: str | None) -> str:
    return _when(datetime.fromisoformat(text)) if text else ""


def _phone(person: Mapping[str, Any]) -> Text:
    if person["is_talking"]:
        return Text("talking", style="cyan")
    if person["is_ringing"]:
        return Text("ringing", style="cyan")
    if person["wraps_up_until"]:
        return Text("wraps up", style="cyan")
    registered = person["is_registered"]
    return Text("not known" if registered is None else "free" if registered else "not registered")


def _takes_calls(person: Mapping[str, Any]) -> Text:
    if person["is_paused"]:
        reason = f": {person['reason']}" if person["reason"] else ""
        return _words(f"paused{reason}", most=60)
    there = [key for key in person["departments"] if key not in person["logged_out"]]
    return _words(", ".join(there) or ("logged out" if person["departments"] else "own calls only"), most=60)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _outcome(record: CallRecord) -> Text:
    ending = record.ending
    if ending is None:
        return Text("going on", style="cyan")
    fault = f" ({ending.fault.value})" if ending.fault in (Fault.US, Fault.TRUNK) else ""
    seconds = f", over within 2 s: {_HUNG_UP[ending.by]} hung up" if record.is_two_second else ""
    style = "green" if ending.outcome in _GOOD else "red" if ending.outcome is Outcome.FAILED else "yellow"
    return Text(f"{ending.outcome.value}{seconds}{fault}", style=style)


def _answerer(record: CallRecord) -> str:
    return next((leg.person for leg in record.legs if leg.person and leg.answered_at), "")


def _words(text: str, most: int = 40) -> Text:
    """Text of a caller's or a plan's making: no markup, no control characters."""
    return Text(brief(text, most))


def _when(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _between_s(start: datetime, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if end else None


def _duration(length_s: float | None) -> str:
    """90 -> 1:30, None -> nothing."""
    if length_s is None:
        return ""
    minutes, seconds = divmod(round(length_s), 60)
    return f"{minutes}:{seconds:02}"
