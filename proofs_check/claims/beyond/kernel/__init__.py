"""Beyond the paper: the kernel of the loss, the flow it carries, invariants and constants."""
