"""Running the whole of Tollway on one machine: what `manage.py up`, `down` and `credentials` know together."""
