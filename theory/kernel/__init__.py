"""The population kernel K of the margin loss, its modes, and the linear flow it generates."""
