"""What waits for a person: each kind of it in a file of its own, all of it on one desk."""
