"""The minimal model with several heads whose scores are multiplied."""
