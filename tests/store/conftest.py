from tests.support.databases import empty_url, postgres, sounds, store, url

__all__ = ["empty_url", "postgres", "sounds", "store", "url"]
