"""`callrouter explain`: what would become of a call, or became of one, and why."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from router.cli.shared import JSON, SETTINGS, ask_store, fail, json_of, plan_in, settings_in

if TYPE_CHECKING:
    from router.dialplan.question import Answer, Question
    from router.model.department import DialPlan
    from router.model.record import CallRecord


@click.command()
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("caller", "--from", metavar="NUMBER", help='An inbound call: who calls, "withheld" or "unknown".')
@click.option("by", "--by", metavar="PERSON", help="An outgoing call: who calls.")
@click.option("called", "--to", metavar="NUMBER", help="As it is dialled.")
@click.option(
    "at", "--at", metavar="WHEN", help='Such as "2026-12-25 10:00", in the company\'s zone. Default: now.'
)
@click.option("department", "--department", metavar="NAME", help="With --by: the department the call is for.")
@click.option("withhold", "--withhold", is_flag=True, help="With --by: hide the number for this call.")
@click.option("name", "--name", metavar="TEXT", help="With --from: the caller's name.")
@click.option("trunk", "--trunk", metavar="NAME", help="With --from: the trunk the call comes by.")
@click.option(
    "verified",
    "--verified",
    type=click.Choice(["passed", "failed", "none"]),
    help="With --from: what the carrier says of the caller's number (STIR).",
)
@click.option("pressed", "--press", metavar="KEY", multiple=True, help="In the menus on the way; may be repeated.")
@click.option("switched", "--switched", metavar="NAME=open|closed", multiple=True, help="A department or schedule.")
@click.option("paused", "--paused", metavar="PERSON", multiple=True, help="Who takes no calls.")
@click.option("call_id", "--call", metavar="ID", help="A recorded call, as `calls --json` names it.")
@click.option("then", "--then", is_flag=True, help="With --call: under the dial plan it was decided by, not DIR.")
@click.option("running", "--running", is_flag=True, help="Ask the running router: its plan, people and switches.")
@SETTINGS
@JSON
def explain(
    directory: Path | None,
    call_id: str | None,
    then: bool,
    running: bool,
    at: str | None,
    settings_file: Path | None,
    as_json: bool,
    **described: Any,
) -> None:
    """Tells what would become of a call, rule by rule, and why."""
    _fits_together(directory, call_id, then, running, at, described)
    if call_id is not None:
        record = _recorded(call_id, settings_file)
        plan = _plan_then(record, settings_file) if then else plan_in(_given(directory))
        _tell(_answer(record, plan), as_json)
    elif running:
        from router.cli.asking import ask

        answer = ask(settings_in(settings_file), "POST", "/explain", json_of(_question(at, described)))
        click.echo(json_of(answer["told"], indent=2) if as_json else "\n".join(answer["lines"]))
    else:
        plan = plan_in(_given(directory))
        _tell(_answer(_record(_question(at, described), plan), plan), as_json)


def _fits_together(
    directory: Path | None,
    call_id: str | None,
    then: bool,
    running: bool,
    at: str | None,
    described: dict[str, Any],
) -> None:
    """Raises UsageError for options that do not belong together."""
    is_described = any(value not in (None, False, ()) for value in described.values()) or at is not None
    if call_id is not None and (is_described or running):
        raise click.UsageError("--call tells all of the call; only --then, --settings and --json go with it")
    if then and call_id is None:
        raise click.UsageError("--then belongs to --call")
    if (running or then) and directory is not None:
        raise click.UsageError("DIR is not asked with --running or --then")
    if directory is None and not running and not then:
        raise click.UsageError("DIR is missing: the dial plan to decide by (or --running, or --call with --then)")
    if call_id is not None:
        return
    caller, by = described["caller"], described["by"]
    if described["called"] is None:
        raise click.UsageError("--to is missing: whom is called?")
    if (caller is None) == (by is None):
        raise click.UsageError("either --from (an inbound call) or --by (an outgoing one)")
    if by is None and (described["department"] or described["withhold"]):
        raise click.UsageError("--department and --withhold belong to --by")
    if caller is None and (described["name"] or described["trunk"] or described["verified"]):
        raise click.UsageError("--name, --trunk and --verified belong to --from")


def _question(at: str | None, described: dict[str, Any]) -> "Question":
    from router.dialplan.question import Question
    from router.model.call import Verification
    from router.model.hours import Position

    switched = {}
    for each in described.pop("switched"):
        name, _, position = each.rpartition("=")
        if not name or position not in ("open", "closed"):
            raise click.BadParameter(f"{each!r} is not such as sales=closed", param_hint="--switched")
        switched[name] = Position(position)
    return Question(
        at=at or "",
        switched=switched,
        verified=Verification(described.pop("verified") or "none"),
        name=described.pop("name") or "",
        **described,
    )


def _record(question: "Question", plan: "DialPlan") -> "CallRecord":
    from router.dialplan.question import asked
    from router.dialplan.scalars import moment

    try:
        at = moment(question.at, plan.zone) if question.at else datetime.now(plan.zone)
        return asked(question, plan, at)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _recorded(call_id: str, settings_file: Path | None) -> "CallRecord":
    from router.model.call import CallId

    record = ask_store(settings_in(settings_file), lambda store: store.call(CallId(call_id)))
    if record is None:
        fail(f"no call {call_id!r} is recorded; `callrouter calls --json` tells their ids")
    return record


def _plan_then(record: "CallRecord", settings_file: Path | None) -> "DialPlan":
    """The dial plan by which the call was decided."""
    from router.dialplan.load import load_kept

    files = ask_store(settings_in(settings_file), lambda store: store.dialplan(record.dialplan))
    if files is None:
        fail(f"the store does not have the dial plan {record.dialplan[:12]} by which this call was decided")
    loaded = load_kept(files)
    if loaded.plan is None:  # of a release that read it otherwise
        fail(*map(str, loaded.faults))
    return loaded.plan


def _answer(record: "CallRecord", plan: "DialPlan") -> "Answer":
    from router.dialplan.question import explain as answered

    return answered(record, plan)


def _tell(answer: "Answer", as_json: bool) -> None:
    click.echo(json_of(answer.told, indent=2) if as_json else "\n".join(answer.lines))


def _given(directory: Path | None) -> Path:
    assert directory is not None
    return directory
