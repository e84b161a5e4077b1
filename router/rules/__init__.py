"""Decisions: functions of values. No input or output, no clock, no log; the reason comes back with the answer."""
