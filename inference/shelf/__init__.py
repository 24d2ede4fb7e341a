"""What is on the shelf for a caller: the models, their prices, who serves them, and what changed."""
