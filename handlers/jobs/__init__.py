"""One file per thing that the clock does: `EVERY` seconds, `run(ctx)` in one transaction.

Running one twice is harmless.
"""
