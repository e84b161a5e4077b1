from tests.support.databases import postgres, sounds, store, url
from tests.support.mail import mailbox

__all__ = ["mailbox", "postgres", "sounds", "store", "url"]
