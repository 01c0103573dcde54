"""The command line of the room: options in, calls, text out."""
