"""Medians of runs, number by number."""

import statistics


def median_of(rounds):
    """The same dict as each round, every number the median of the rounds; the course is that of the middle round."""
    first = rounds[0]
    if isinstance(first, dict):
        return {key: median_of([one[key] for one in rounds]) for key in first}
    if isinstance(first, list):
        return rounds[len(rounds) // 2]
    if isinstance(first, (int, float)):
        return statistics.median(rounds)
    return first
