"""Whom a ring or queue step may ring now, in which order, and why not the others."""

from datetime import datetime

from router.model.department import Department
from router.model.situation import Situation


def misfit(person: str, department: str | None, situation: Situation, at: datetime) -> str | None:
    """Why a person is not rung for a department's call now; None when they may be.

    department: None when their own extension was dialled: then pausing, logging out and wrapping up do not count.
    """
    standing, activity = situation.standing(person), situation.activity(person)
    if department is not None:
        if standing.is_paused:
            return f"paused{f': {standing.reason}' if standing.reason else ''}"
        if department in standing.logged_out:
            return f"logged out of {department}"
        if activity.wraps_up_until is not None and at < activity.wraps_up_until:
            return "wrapping up"
    if activity.is_talking:
        return "on another call"
    if activity.is_ringing:
        return "being rung for another call"
    return "not registered" if activity.is_registered is False else None


def is_unattended(department: Department, situation: Situation, at: datetime) -> bool:
    """Whether no member of the department could take a call now."""
    return all(misfit(person, department.key, situation, at) is not None for person in department.members)
