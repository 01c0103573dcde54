"""Beyond the paper: infinite context, the unigram stage, and when the stages begin."""
