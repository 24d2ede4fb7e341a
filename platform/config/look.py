"""How the operator's admin looks: the identity of the product in the theme's own terms."""

from typing import Any

from django.templatetags.static import static

__all__ = ["UNFOLD"]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tollway",
    "SITE_HEADER": "Tollway",
    "SITE_SUBHEADER": "Operations",
    "SITE_ICON": {
        "light": lambda request: static("brand/glyph-light.svg"),
        "dark": lambda request: static("brand/glyph-dark.svg"),
    },
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("brand/favicon.svg"),
        }
    ],
    "BORDER_RADIUS": "6px",
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "billing.admin_proof.home",
    "STYLES": [
        lambda request: static("css/operator.css"),
        lambda request: static("css/operator_home.css"),
        lambda request: static("css/operator_workspace.css"),
        lambda request: static("css/operator_usage.css"),
        lambda request: static("css/operator_alerts.css"),
    ],
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "show_all_applications": False,
        "navigation": "config.navigation.sidebar",
    },
    "TABS": "config.navigation.tabs",
    "COLORS": {
        "base": {
            "50": "oklch(97.7% .003 145)",
            "100": "oklch(96% .004 145)",
            "200": "oklch(92% .006 145)",
            "300": "oklch(84.5% .008 150)",
            "400": "oklch(65.5% .012 155)",
            "500": "oklch(52.5% .013 155)",
            "600": "oklch(44.5% .014 160)",
            "700": "oklch(34.5% .012 160)",
            "800": "oklch(28.5% .01 165)",
            "900": "oklch(20.5% .007 165)",
            "950": "oklch(15.5% .006 165)",
        },
        "primary": {
            "50": "oklch(97.5% .012 163)",
            "100": "oklch(95% .024 163)",
            "200": "oklch(90.5% .05 163)",
            "300": "oklch(85% .085 163)",
            "400": "oklch(79% .115 163)",
            "500": "oklch(76% .125 163)",
            "600": "oklch(47% .1 163)",
            "700": "oklch(41% .088 163)",
            "800": "oklch(35% .074 163)",
            "900": "oklch(27% .05 163)",
            "950": "oklch(21% .035 163)",
        },
    },
}
