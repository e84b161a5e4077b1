"""The inside of the scripted Asterisk; tests use `tests.support.fake_asterisk` and `tests.support.phones`."""
