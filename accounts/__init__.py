"""Who may buy: people, workspaces, memberships and keys."""
