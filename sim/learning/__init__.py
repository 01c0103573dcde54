"""Training: optimizers, objectives, SGD, gradient descent and gradient flow."""
