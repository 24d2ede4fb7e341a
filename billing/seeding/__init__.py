"""Usage that never happened, for looking at Tollway at size: believable events whose books agree to the last digit."""
