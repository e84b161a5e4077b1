"""Whole calls against a scripted Asterisk, on a clock that jumps."""
