"""When unigram and bigram become the nearest strategy, from expected counts."""
