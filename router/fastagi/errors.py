"""AgiError: why a FastAGI session cannot go on. The dialplan then continues without an answer.

AgiError
├── MalformedAgi      the peer does not speak AGI, or more of it than we read
├── CommandRefused    what we wanted to send cannot be written as one AGI command
├── CommandFailed     Asterisk answered something other than 200
├── ChannelGone       the caller hung up, or Asterisk closed the connection
└── AgiTimeout        the peer was silent longer than it may be
"""


class AgiError(Exception):
    """The message says what was met; it never holds more than a line of what the peer sent."""


class MalformedAgi(AgiError):
    pass


class CommandRefused(AgiError):
    pass


class CommandFailed(AgiError):
    pass


class ChannelGone(AgiError):
    pass


class AgiTimeout(AgiError):
    pass
