"""The models: the minimal model of eq. (8), several heads, the transformer; one folder each."""
