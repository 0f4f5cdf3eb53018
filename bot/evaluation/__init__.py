"""How well mentions are understood, measured on labelled texts and with a simulated team."""
