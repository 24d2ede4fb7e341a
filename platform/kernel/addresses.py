"""Which addresses the platform may call: what an IP address is for, and how a URL may be written.

A private upstream may be called on the operator's own networks; nobody is called where machines keep their secrets.
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

__all__ = ["LONGEST_URL", "RefusedAddress", "check_address", "check_url"]

LONGEST_URL = 300

_Address = IPv4Address | IPv6Address

# Where clouds answer with credentials; several are in public or in private ranges, so they are named one by one.
_METADATA = {
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
        "169.254.170.2",  # AWS, credentials of tasks
        "169.254.170.23",  # AWS, credentials of pods
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure, the host's own agent
        "192.0.0.192",  # Oracle, of old
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS, credentials of pods
        "fd20:ce::254",  # Google
    )
}
_METADATA_NAMES = {
    "metadata",
    "metadata.goog",
    "metadata.google.internal",
    "metadata.azure.internal",
    "metadata.tencentyun.com",
    "instance-data",
    "instance-data.ec2.internal",
}


def _networks(*texts: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# What a private upstream may be on, by IANA's registries of special addresses.
_OWN = {
    "a loopback address": _networks("127.0.0.0/8", "::1/128"),
    "a private address": _networks(
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10", "64:ff9b:1::/48"
    ),
    "an address behind a carrier's NAT": _networks("100.64.0.0/10"),
}
_NOBODYS = {
    "an unspecified address": _networks("0.0.0.0/8", "::/128"),
    "a link-local address": _networks("169.254.0.0/16", "fe80::/10"),
    "a multicast address": _networks("224.0.0.0/4", "ff00::/8"),
    "a documentation address": _networks(
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"
    ),
    "a benchmarking address": _networks("198.18.0.0/15", "2001:2::/48"),
    "a reserved address": _networks(
        *("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
        *("240.0.0.0/4", "100::/64", "100:0:0:1::/64", "2001:10::/28", "2001:20::/28", "5f00::/16"),
    ),
}
# Everything else of IPv6 is not given out yet, apart from the wrappings of IPv4 below.
_GIVEN_OUT = ipaddress.ip_network("2000::/3")
_PLAIN_WRAPPINGS = _networks("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
_SIX_TO_FOUR, _TEREDO = _networks("2002::/16", "2001::/32")
_ISATAP = re.compile(r"0[02]005efe")

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_OWN_SUFFIXES = (
    *("localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp"),
    *("private", "home.arpa"),
)


class RefusedAddress(ValueError):
    """An address that is not called; its text is a sentence that says why, for whoever entered it."""


def check_address(text: str, *, private: bool) -> None:
    """Raise RefusedAddress unless an IP address may be called; `private` allows the operator's own networks.

    Raises ValueError for what is no IP address.
    """
    reason = _reason(ipaddress.ip_address(text.partition("%")[0]), private=private)
    if reason:
        raise RefusedAddress(f"{text} is {reason}.")


def check_url(url: str, *, private: bool) -> None:
    """Raise RefusedAddress unless calls may be sent to a URL, as far as it tells by itself.

    What its name resolves to is looked at when a connection is made. `private` allows http and own networks.
    """
    if len(url) > LONGEST_URL:
        raise RefusedAddress(f"An address has at most {LONGEST_URL} characters.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise RefusedAddress(
            "An address has only ASCII characters, no space and no backslash; write other names as xn--…"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedAddress("This is no address such as https://api.example.com/v1.") from None
    _check_scheme(parts.scheme, private=private)
    if "@" in parts.netloc:
        raise RefusedAddress("An address has no user and no password in it; keys are entered apart from it.")
    if "?" in url or "#" in url:
        raise RefusedAddress("An address ends with its path: no ? and no #, since calls add to it.")
    if port == 0 or parts.netloc.endswith(":"):
        raise RefusedAddress("A port is a number from 1 to 65535.")
    if "[" in parts.netloc:
        _check_literal(parts.hostname or "", private=private)
    else:
        _check_host(parts.hostname or "", private=private)


def _check_scheme(scheme: str, *, private: bool) -> None:
    if scheme != "https" and not (private and scheme == "http"):
        only = "https:// (or http:// on a private address)" if private else "https://"
        raise RefusedAddress(f"An address begins with {only}.")


def _check_literal(host: str, *, private: bool) -> None:
    if "%" in host:
        raise RefusedAddress("An IPv6 address names no interface (no %).")
    try:
        check_address(host, private=private)
    except RefusedAddress:
        raise
    except ValueError:
        raise RefusedAddress(f"[{host}] is no IPv6 address.") from None


def _check_host(host: str, *, private: bool) -> None:
    if "%" in host:
        raise RefusedAddress("A host is written plainly, without percent signs.")
    if host.endswith("."):
        raise RefusedAddress("A host does not end with a dot.")
    labels = host.split(".")
    if _is_number(labels[-1]):
        return _check_number(host, private=private)
    if len(host) > 253 or not all(_NAME.fullmatch(label) for label in labels):
        raise RefusedAddress(f"{host!r} is no name of a host.")
    if host in _METADATA_NAMES:
        raise RefusedAddress(f"{host} is where a cloud keeps credentials of its machines.")
    own = len(labels) == 1 or any(host == end or host.endswith(f".{end}") for end in _OWN_SUFFIXES)
    if own and not private:
        raise RefusedAddress(
            f"{host} is a name within a private network; say so on its provider if that is meant."
        )
    return None


def _is_number(label: str) -> bool:
    # How browsers and C libraries tell an IPv4 address from a name: by its last part alone.
    return label.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", label) is not None


def _check_number(host: str, *, private: bool) -> None:
    try:
        IPv4Address(host)
    except ValueError:
        raise RefusedAddress(
            f"{host} is no IPv4 address of four plain numbers; octal, hexadecimal and short forms are refused."
        ) from None
    check_address(host, private=private)


def _reason(address: _Address, *, private: bool) -> str:
    """Return what is wrong with calling an address, or nothing."""
    if address in _METADATA:
        return "where a cloud keeps credentials of its machines"
    for what, networks in _NOBODYS.items():
        if _within(address, networks):
            return f"{what}, where nobody answers"
    wrapped = _wrapped(address) if isinstance(address, IPv6Address) else []
    for reason in (_reason(inner, private=private) for inner in wrapped):
        if reason:
            return f"a wrapping of {reason}"
    for what, networks in _OWN.items():
        if _within(address, networks):
            return "" if private else f"{what}; say so on its provider if that is meant"
    known = wrapped or isinstance(address, IPv4Address) or address in _GIVEN_OUT
    return "" if known else "a reserved address, where nobody answers"


def _within(address: _Address, networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)


def _wrapped(address: IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address stands for."""
    number = int(address)
    if number <= 1:  # "::" and "::1" are addresses of their own
        return []
    last = IPv4Address(number & 0xFFFFFFFF)
    if _within(address, _PLAIN_WRAPPINGS):
        return [last]
    if address in _SIX_TO_FOUR:
        return [IPv4Address(number >> 80 & 0xFFFFFFFF)]
    if address in _TEREDO:
        return [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(~number & 0xFFFFFFFF)]
    if _ISATAP.fullmatch(f"{number >> 32 & 0xFFFFFFFF:08x}"):
        return [last]
    return []
