"""Training runs and other long computations behind claims and figures, and where they are kept."""
