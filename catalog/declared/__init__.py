"""The catalogue as a file: read, compared, applied, written, and made from the configuration of another gateway."""
