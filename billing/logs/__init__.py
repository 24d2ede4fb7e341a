"""Every request of a workspace as its people read it: found, followed while they run, and explained one by one."""
