"""What `make bench` runs: the same calls through Asterisk's own Dial() and through the router, beside each other.

`company` is the plan and its phones, `pbx` the Asterisk under load, `sipp` makes the calls, `cost` reads the CPU;
`ways` carries the load over each way, `decisions` times the rules alone, `killing` kills the router under load, and
`page` prints. Everything stays on the loopback and ends with the run.
"""
