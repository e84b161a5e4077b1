"""The stories of calls: one task per call, written downwards, with everything it holds let go at the end."""
