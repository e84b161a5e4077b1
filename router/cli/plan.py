"""Commands on a dial plan: no router and no Asterisk need be there."""

import sys
from pathlib import Path

import click

from router.cli.shared import DIRECTORY, FAULTS, GOOD, counted, fail, plan_in


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
@click.option(
    "least", "--fail-under", metavar="N", type=click.IntRange(0, 100), help="Fails when fewer per cent are reached."
)
def test(directory: Path, least: int | None) -> None:
    """Runs the dial plan's tests, and tells which rules, keys and steps no test reaches."""
    plan = plan_in(directory)
    from router.dialplan.routetests import coverable, run_tests

    report = run_tests(plan)
    for result in report.results:
        click.echo(f"{'✗' if result.differences else '✓'} {result.test.name}")
        for difference in result.differences:
            click.echo(f"    {difference}  ({result.test.path})")
        if result.differences:
            click.echo(f"    because: {result.because}")
    rules = len(coverable(plan))
    reached = rules - len(report.unreached)
    share = 100 * reached // rules if rules else 100
    click.echo(f"rules reached: {reached} of {rules} ({share} %)")
    for path in report.unreached:
        click.echo(f"  not reached: {path}")
    failed = len(report.failed)
    click.echo(f"{counted(len(report.results) - failed, 'test')} passed, {failed} failed")
    if least is not None and share < least:
        click.echo(f"too few rules are reached: {share} %, {least} % are wanted")
    sys.exit(FAULTS if failed or share < (least or 0) else GOOD)


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
