"""What was charged at a wrong price is charged anew: measured first, posted once, event by event, to the nano-dollar."""
