"""The only code that knows ARI: typed requests to Asterisk, typed events from it.

client (`Ari`) → resources, models (generated) → operation → transport (HTTP) or lane (the events socket)
socket (`EventSocket`, over websocket) → events → client → feed (`Feed`), for whoever carries a call
"""
