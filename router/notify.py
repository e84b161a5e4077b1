"""Tells systemd how we are (sd_notify(3)): ready, reloading, stopping, still alive. Silent where there is none."""

import asyncio
import os
import socket


def notify(*states: str) -> None:
    """Sends states such as "READY=1". Never fails: nobody may be listening."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.connect(address)
            sender.sendall("\n".join(states).encode())
    except OSError:
        return


async def keep_alive() -> None:
    """Says that we are alive, twice as often as WATCHDOG_USEC asks; returns at once where nobody asks.

    It runs on the event loop on purpose: a loop that hangs says nothing, and is restarted.
    """
    asked = os.environ.get("WATCHDOG_USEC", "")
    if not asked.isdigit() or int(asked) == 0:
        return
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(int(asked) / 2_000_000)
