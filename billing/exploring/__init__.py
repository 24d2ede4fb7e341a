"""What a workspace used as its people ask for it: a figure by a group per step of time, as chart, table and export."""
