"""How weights change: optimizers, objectives, descent in steps, gradient flow."""
