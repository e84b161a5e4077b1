"""What tests stand on: a clock that jumps, and an Asterisk that does as it is told."""
