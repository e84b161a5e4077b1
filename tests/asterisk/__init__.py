"""Calls on a real Asterisk, with a second one as carriers and phones."""
