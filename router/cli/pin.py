"""`callrouter pin`: what stands in the dial plan for somebody's PIN."""

import click


@click.command()
def pin() -> None:
    """Asks for a PIN of 4 to 12 digits, twice, and prints what to write in its place: `pin:` of the person.

    It has a salt of its own each time and cannot be turned back, but a short PIN can be guessed from it: keep the
    plan to yourself, or write `pin: {file: ...}` there, and this into the file.
    """
    from router.dialplan.pins import LONGEST, SHORTEST, is_pin, kept

    typed = click.prompt("PIN", hide_input=True, confirmation_prompt="Once more", type=str, err=True)
    if not is_pin(typed):
        raise click.UsageError(f"a PIN has {SHORTEST} to {LONGEST} digits, and nothing else")
    click.echo(kept(typed))
