"""Feeds as data: what a feed's bytes hold, how far it was read, and when it wants to be asked again."""
