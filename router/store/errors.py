"""StoreError: the one thing a caller of the store must expect.

StoreError
└── SchemaOutdated   the database is at another revision; run `callrouter migrate`
"""


class StoreError(Exception):
    """The database or the disk refused. The message says which, where and what to do; no secrets in it."""


class SchemaOutdated(StoreError):
    """The database's tables are of another version of the router."""
