"""What /v1 takes and gives, written down once: the OpenAPI document and the page for developers come from it."""
