"""The end of a month: what moved in it to the nano, what stands against closing it, and how it is closed."""
