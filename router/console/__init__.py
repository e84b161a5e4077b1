"""What the running service shows of itself over HTTP, on loopback unless settings say otherwise."""
