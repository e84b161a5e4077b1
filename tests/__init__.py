"""The tests, and what they stand on in `support`."""
