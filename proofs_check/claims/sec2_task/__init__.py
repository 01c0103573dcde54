"""Sec. 2: the task, the losses, the models, and what they can represent; eqs. (1)-(8)."""
