"""Commands on a dial plan: no router and no Asterisk need be there."""

import sys
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.cli.shared import DIRECTORY, FAULTS, GOOD, JSON, counted, fail, json_of, plan_in

if TYPE_CHECKING:
    from router.model.department import DialPlan


@click.command()
@DIRECTORY
def check(directory: Path) -> None:
    """Reads the dial plan and runs its tests; says only what is wrong.

    Warnings do not count as faults.
    """
    plan = plan_in(directory, with_warnings=True)
    from router.dialplan.routetests import run_tests

    failed = run_tests(plan).failed
    for result in failed:
        click.echo(f"{result.test.path}: {result.test.name}: {'; '.join(result.differences)}")
    if failed:
        click.echo(f"{counted(len(failed), 'test')} of {len(plan.tests)} failed")
        sys.exit(FAULTS)
    parts = (
        (plan.departments, "department"),
        (plan.people, "person"),
        (plan.trunks, "trunk"),
        (plan.tests, "test"),
    )
    click.echo(f"{plan.company}: good; {', '.join(counted(len(things), name) for things, name in parts)}")


@click.command()
@DIRECTORY
def test(directory: Path) -> None:
    """Runs the dial plan's tests, and tells which rules no test reaches."""
    plan = plan_in(directory)
    from router.dialplan.routetests import coverable, run_tests

    report = run_tests(plan)
    for result in report.results:
        click.echo(f"{'✗' if result.differences else '✓'} {result.test.name}")
        for difference in result.differences:
            click.echo(f"    {difference}  ({result.test.path})")
    rules = len(coverable(plan))
    reached = rules - len(report.unreached)
    click.echo(f"rules reached: {reached} of {rules} ({100 * reached // rules if rules else 100} %)")
    for path in report.unreached:
        click.echo(f"  not reached: {path}")
    failed = len(report.failed)
    click.echo(f"{counted(len(report.results) - failed, 'test')} passed, {failed} failed")
    sys.exit(FAULTS if failed else GOOD)


@click.command()
@DIRECTORY
@click.option("caller", "--from", metavar="NUMBER", help='An inbound call: who calls, or "withheld".')
@click.option("by", "--by", metavar="PERSON", help="An outgoing call: who calls.")
@click.option("called", "--to", metavar="NUMBER", required=True, help="As it is dialled.")
@click.option(
    "at", "--at", metavar="WHEN", help='Such as "2026-12-25 10:00", in the company\'s zone. Default: now.'
)
@click.option("department", "--department", metavar="NAME", help="With --by: the department the call is for.")
@click.option("withhold", "--withhold", is_flag=True, help="With --by: hide the number for this call.")
@JSON
def explain(
    directory: Path,
    caller: str | None,
    by: str | None,
    called: str,
    at: str | None,
    department: str | None,
    withhold: bool,
    as_json: bool,
) -> None:
    """Tells what would become of a call, rule by rule, and why."""
    if (caller is None) == (by is None):
        raise click.UsageError("either --from (an inbound call) or --by (an outgoing one)")
    if by is None and (department or withhold):
        raise click.UsageError("--department and --withhold belong to --by")
    _dialable("--to", called)
    if caller is not None and caller != "withheld":
        _dialable("--from", caller)
    plan = plan_in(directory)
    if caller is not None:
        lines, told = _explained_inbound(plan, caller, called, _moment(at, plan))
    else:
        _known("--by", by, plan.people)
        _known("--department", department, plan.departments)
        lines, told = _explained_outbound(plan, by, called, _moment(at, plan), department, withhold)
    click.echo(json_of(told, indent=2) if as_json else "\n".join(lines))


def _explained_inbound(plan: "DialPlan", caller: str, called: str, at: datetime) -> tuple[tuple[str, ...], object]:
    import msgspec

    from router.dialplan.numbers import read_caller, read_number
    from router.model.call import CallId, InboundCall
    from router.rules.explain import inbound_lines, step_text
    from router.rules.inbound import route

    call = InboundCall(
        id=CallId("explained"),
        caller=read_caller(caller, "", caller == "withheld", plan.country),
        called=read_number(called, plan),
        arrived_at=at,
        internal=caller in plan.person_of,
    )
    decision = route(call, plan, at, traced=True)
    # A step's own fields do not say what it is; its text does, in the words of `expect: {steps: [...]}`.
    told = msgspec.to_builtins(decision) | {"steps": [step_text(step) for step in decision.plan.steps]}
    return inbound_lines(call, decision, plan), told


def _explained_outbound(
    plan: "DialPlan", by: str | None, called: str, at: datetime, department: str | None, withhold: bool
) -> tuple[tuple[str, ...], object]:
    from router.dialplan.numbers import read_number
    from router.model.call import CallId, OutboundCall
    from router.rules.caller_id import choose_caller_id
    from router.rules.explain import outbound_lines

    call = OutboundCall(
        id=CallId("explained"),
        by=by,
        called=read_number(called, plan),
        placed_at=at,
        department=department,
        withhold=withhold,
    )
    decision = choose_caller_id(call, plan, at, traced=True)
    return outbound_lines(call, decision, plan), decision


@click.command()
def schema() -> None:
    """Prints the JSON Schema of a dial plan, for editors."""
    import json

    from router.dialplan.schema import schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))


@click.command()
@DIRECTORY
@click.option(
    "file", "-o", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Default: print it."
)
def fallback(directory: Path, file: Path | None) -> None:
    """Writes the dial plan as a plain Asterisk dialplan, for when the router is down."""
    plan = plan_in(directory)
    from router.dialplan.fallback import fallback_conf, write_fallback

    if file is None:
        click.echo(fallback_conf(plan), nl=False)
        return
    try:
        write_fallback(plan, file)
    except OSError as error:
        fail(f"{file}: cannot be written: {error.strerror}")


def _moment(at: str | None, plan: "DialPlan") -> datetime:
    if at is None:
        return datetime.now(plan.zone)
    from router.dialplan.scalars import moment

    try:
        return moment(at, plan.zone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from None


def _dialable(option: str, given: str) -> None:
    from router.model.number import dialable

    if not dialable(given):
        raise click.BadParameter(f"{given!r} is no number; write it as it is dialled", param_hint=option)


def _known(option: str, name: str | None, names: Collection[str]) -> None:
    from router.dialplan.faults import Suggest

    if name is not None and name not in names:
        raise click.BadParameter(f'"{name}" is not in the dial plan; {Suggest()(name, names)}', param_hint=option)
