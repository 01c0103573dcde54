"""The same mathematics as a good engineer would write it with other tools."""
