"""What the other end of an outgoing leg is shown: the variables of its channel, set before the INVITE."""

from router.model.decision import TrunkChoice


def identity(choice: TrunkChoice, name: str) -> dict[str, str]:
    """The variables that make Asterisk show this identity on the outgoing INVITE.

    What the called party sees comes from CONNECTEDLINE of the new channel, not from its CALLERID. Withheld: From is
    anonymous, and where the trunk has `send_pai` and `trust_id_outbound` the number is asserted to the carrier with
    `Privacy: id` (RFC 3325).
    """
    shown = {"CONNECTEDLINE(all,i)": f'"{clean_name(name)}" <{choice.asserted}>'}
    if not choice.shown:
        shown["CONNECTEDLINE(pres,i)"] = "prohib"
    return shown


def clean_name(name: str) -> str:
    """A display name that cannot end its quotes or begin another header."""
    return "".join(character for character in name if character.isprintable() and character not in '"\\<>,;')[:60]
