"""How the day-one words are made: `earshot model train`."""
