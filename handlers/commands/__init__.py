"""One file per staff command. `handlers/dispatch.py` finds them by walking this folder."""
