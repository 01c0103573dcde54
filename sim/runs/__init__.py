"""What a run leaves behind: trajectories, measures of the predictions, stages, statistics."""
