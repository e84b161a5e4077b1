"""Writes `models.py` and `resources.py` from Asterisk's own API declarations.

    python -m router.ari.generate URL_OR_DIR

URL: a running Asterisk's ARI, such as http://127.0.0.1:8088/ari, with its user in ARI_USER and ARI_PASSWORD.
DIR: Asterisk's rest-api folder, `resources.json` beside one file per resource. The result is formatted by ruff.

Declared facts are kept as they are, with three liberties. A required scalar has an empty default: older releases
leave some out, and an event without an account code is still an event. Closed sets of values bind what we send, not
what we receive. An answer of 404 is a value where the declaration lists it, or where one object is read.
"""
