"""How the minimal model with several heads leaves the origin."""
