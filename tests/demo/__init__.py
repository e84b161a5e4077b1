"""What `make demo` shows: real calls through the real service, on a real Asterisk.

`plan` copies the dial plan for the show, `scenes` plays the calls, `page` prints, `__main__` puts up the bench and
takes it down again whatever happens.
"""
