"""The command that tells what the running router's trunks are doing."""

from pathlib import Path

import click

from router.cli.shared import JSON, SETTINGS, json_of, settings_in


@click.command()
@SETTINGS
@JSON
def trunks(settings_file: Path | None, as_json: bool) -> None:
    """Lists the trunks: channels in use, breaker, whether Asterisk reaches them, and why calls pass one over."""
    from router.cli.asking import ask

    told = ask(settings_in(settings_file), "GET", "/trunks")
    if as_json:
        click.echo(json_of(told, indent=2))
        return
    from router.cli.tables import printed, trunks_table

    printed(trunks_table(told))
