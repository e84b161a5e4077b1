"""The address book: who a number belongs to, and lists of numbers that rules may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from router.model.number import NumberList, PhoneNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One number of somebody we know. owner: key of the person who looks after them, None for nobody.

    ringtone: Alert-Info of phones that ring for them, "" for the usual one.
    """

    number: PhoneNumber
    name: str
    owner: str | None = None
    ringtone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """One list. contacts: whose name is known, by E.164. listed: every number and prefix of the list."""

    key: str
    listed: NumberList
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    where: str = ""
