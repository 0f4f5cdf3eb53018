"""A stand-in for X on loopback, hard where X is hard, with a bill of its own."""
