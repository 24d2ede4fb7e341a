"""The pages of a workspace's people: its team, invitations, changes, settings, and how it begins and ends."""
