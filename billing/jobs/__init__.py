"""Background work: what is ordered when, how each kind went last, and what operators have done anew."""
