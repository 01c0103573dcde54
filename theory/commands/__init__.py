"""The command line of `theory`."""
