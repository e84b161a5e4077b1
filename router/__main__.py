"""`python -m router`: the same as `callrouter`."""

from router.cli import main

main()
