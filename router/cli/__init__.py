"""The command `callrouter`.

What a command needs is imported within it, so that `--help` and a shell's completion answer at once.
"""

import click

from router.cli import blocks, calling, charges, diff, explain, people, pin, plan, prove, running, trunks


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 good, 1 faults found (in the dial plan, its tests, the settings, or what was asked for), "
    "2 wrong usage.",
)
@click.version_option(package_name="callrouter")
def main() -> None:
    """Routes a company's calls on Asterisk by a dial plan written in YAML.

    DIR is the dial plan: a folder of YAML files, or one file.
    """


for command in (
    running.serve,
    plan.check,
    plan.test,
    explain.explain,
    diff.diff,
    prove.prove,
    plan.schema,
    plan.fallback,
    running.migrate,
    running.calls,
    charges.charges,
    running.voicemails,
    calling.call,
    calling.hang_up,
    calling.emergency_test,
    running.reload,
    running.changes,
    blocks.block,
    people.switches,
    people.switch,
    people.people,
    people.pause,
    people.resume,
    people.log_in,
    people.log_out,
    people.forward,
    people.unlock,
    pin.pin,
    trunks.trunks,
):
    main.add_command(command)
