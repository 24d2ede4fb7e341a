"""What the document at /api/schema says of itself, and by which credentials its routes are opened."""

from typing import Any

__all__ = ["SPECTACULAR"]

SPECTACULAR: dict[str, Any] = {
    "TITLE": "Tollway: accounts and management",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "What REST framework serves beside /v1, which has a document of its own at /v1/openapi.json.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "ENFORCE_NON_BLANK_FIELDS": True,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "ManagementToken": {
                "type": "http",
                "scheme": "bearer",
                "description": "A management token (rkm_…), made at /dashboard/tokens; keys (rk_…) are for /v1 and /api/ai.",
            },
            "Key": {"type": "http", "scheme": "bearer", "description": "An inference key (rk_…)."},
            "KeyHeader": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Key",
                "description": "The same key.",
            },
        }
    },
}
