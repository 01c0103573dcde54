"""Many runs over a grid: configurations, where they are carried out, how they are kept."""
