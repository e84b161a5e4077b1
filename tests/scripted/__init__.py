"""The scripted Asterisk proved against sequences that Asterisk 22.10 sent on the wire."""
