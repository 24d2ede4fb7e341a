"""What an upstream says it charges us, held against what we have of the same days, and what is decided of each difference."""
