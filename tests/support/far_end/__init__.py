"""The second Asterisk of the bench: the carriers and the phones."""
