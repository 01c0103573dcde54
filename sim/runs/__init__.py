"""Results of a run: trajectories, measures of the predictions, stages, statistics."""
