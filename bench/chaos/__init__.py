"""The three-witness rig: parts are killed under load; clients, upstream and database are compared for each request."""
