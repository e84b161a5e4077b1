"""A mail that tells people at once of something that happened, such as an emergency call."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """key: unique, letters, digits and "-"; the same key is the same mail. router: whose to send.

    to: e-mail addresses, at least one. rows: what is known, as name and text; what a caller chose is cleaned when
    the mail is made. zone: IANA name of the company's.
    """

    key: str
    router: str
    company: str
    to: tuple[str, ...]
    subject: str
    rows: tuple[tuple[str, str], ...]
    at: datetime
    zone: str
