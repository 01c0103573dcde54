"""The command line: options in, calls, tables out."""
