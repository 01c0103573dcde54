"""The command line of the room: options in, calls, tables out."""
