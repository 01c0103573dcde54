"""The command line of `sim`."""
