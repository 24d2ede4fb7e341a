"""Which addresses are called: a corpus of ways to reach the inside, none of which gets through."""

import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.addresses import RefusedAddress, check_address, check_url

# Refused to everybody.
NEVER = [
    *("0.0.0.0", "0.1.2.3", "::", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.170.23"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.0.8", "fd00:ec2::254", "fd20:ce::254"),
    *("fe80::1", "224.0.0.1", "239.255.255.250", "ff02::1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1", "198.18.0.1", "2001:2::1"),
    *("100::1", "192.88.99.1", "4000::1", "5f00::1", "8000::1"),
    *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    "2001:0:0808:0808::5601:5601",  # Teredo, whose client's address is kept inverted
    "fe80::1%eth0",
]
# Refused unless the provider is private.
OWN = [
    *("127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("::1", "fc00::1", "fd12:3456::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:c0a8:101::1"),
    *("2001:0:7f00:1::f7f7:f7f7", "2001:0:808:808::80ff:fffe", "2a00::5efe:127.0.0.1", "2a00::200:5efe:10.0.0.1"),
]  # fmt: skip
FINE = [
    *("8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:4700::1111"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("address", NEVER)
def test_refuses_where_nobody_should_be_called(address: str, private: bool) -> None:
    with pytest.raises(RefusedAddress):
        check_address(address, private=private)


@pytest.mark.parametrize("address", OWN)
def test_lets_only_private_upstreams_be_on_own_networks(address: str) -> None:
    check_address(address, private=True)
    with pytest.raises(RefusedAddress):
        check_address(address, private=False)


@pytest.mark.parametrize("address", FINE)
def test_lets_public_addresses_be_called(address: str) -> None:
    check_address(address, private=False)


@given(st.ip_addresses(v=4))
def test_lets_through_no_ipv4_address_that_is_not_global(address: ipaddress.IPv4Address) -> None:
    try:
        check_address(str(address), private=False)
    except RefusedAddress:
        return
    assert address.is_global


@given(st.ip_addresses(v=6))
def test_lets_through_no_ipv6_address_that_is_not_global(address: ipaddress.IPv6Address) -> None:
    try:
        check_address(str(address), private=False)
    except RefusedAddress:
        return
    assert address.is_global or address in ipaddress.ip_network("2001::/23")


@given(st.ip_addresses(v=4))
def test_judges_a_wrapped_address_as_the_address_itself(address: ipaddress.IPv4Address) -> None:
    def allowed(text: str) -> bool:
        try:
            check_address(text, private=False)
        except RefusedAddress:
            return False
        return True

    wrappings = [f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1"]  # fmt: skip
    assert {allowed(text) for text in wrappings} == {allowed(str(address))}


NEVER_URLS = {
    "": "begins with",
    "api.example.com/v1": "begins with",
    "file:///etc/passwd": "begins with",
    "ftp://api.example.com": "begins with",
    "gopher://api.example.com:70/_x": "begins with",
    "unix:///run/upstream.sock": "begins with",
    "//api.example.com": "begins with",
    "https://": "no name of a host",
    "https:///v1": "no name of a host",
    "https://user:secret@api.example.com/v1": "no user",
    "https://api.example.com@127.0.0.1/v1": "no user",
    "https://:@api.example.com": "no user",
    "https://api.example.com/v1#x": "ends with its path",
    "https://api.example.com/v1?key=1": "ends with its path",
    "https://api.example.com#@127.0.0.1/": "ends with its path",
    "https://api.example.com\\@127.0.0.1/v1": "backslash",
    "https://api.example.com/v1\n": "ASCII",
    "https://api.exa\tmple.com/v1": "ASCII",
    "https://api.example.com /v1": "space",
    "https://①②⑦.0.0.1/": "ASCII",
    "https://１２７.0.0.1/": "ASCII",
    "https://127。0。0。1/": "ASCII",
    "https://exämple.com/": "ASCII",
    "https://api.example.com./v1": "dot",
    "https://127.0.0.1./v1": "dot",
    "https://%31%32%37.0.0.1/": "percent",
    "https://api.example.com%00.evil.example/": "percent",
    "https://2130706433/": "four plain numbers",
    "https://0x7f000001/": "four plain numbers",
    "https://0x7f.0.0.1/": "four plain numbers",
    "https://0177.0.0.1/": "four plain numbers",
    "https://127.1/": "four plain numbers",
    "https://127.0.1/": "four plain numbers",
    "https://0/": "four plain numbers",
    "https://0x/": "four plain numbers",
    "https://127.0.0.0x1/": "four plain numbers",
    "https://1.2.3.4.5/": "four plain numbers",
    "https://256.1.1.1/": "four plain numbers",
    "https://127.0.0.01/": "four plain numbers",
    "https://169.254.169.254/latest/meta-data/": "credentials",
    "https://[::ffff:169.254.169.254]/": "credentials",
    "https://[::ffff:a9fe:a9fe]/": "credentials",
    "https://[fd00:ec2::254]/": "credentials",
    "https://metadata.google.internal/": "credentials",
    "https://METADATA.google.internal/": "credentials",
    "https://instance-data/": "credentials",
    "https://0.0.0.0/": "unspecified",
    "https://[::]/": "unspecified",
    "https://[fe80::1%25eth0]/": "interface",
    "https://[fe80::1]/": "link-local",
    "https://[::1": "no address such as",
    "https://[x]/": "no address such as|no IPv6",
    "https://[127.0.0.1]/": "no address such as|loopback",
    "https://api.example.com:0/": "port",
    "https://api.example.com:/v1": "port",
    "https://api.example.com:99999/": "no address such as",
    "https://api.example.com:x/": "no address such as",
    "https://api..example.com/": "no name of a host",
    "https://-api.example.com/": "no name of a host",
    f"https://{'a' * 64}.example.com/": "no name of a host",
    f"https://api.example.com/{'v' * 300}": "at most 300",
}
OWN_URLS = [
    *("https://localhost/v1", "https://LOCALHOST:8080/v1", "https://a.localhost/", "https://vllm:8000/v1"),
    *("https://127.0.0.1:11434/v1", "https://10.1.2.3/v1", "https://[::1]:8000/v1", "https://[fd12::1]/v1"),
    *("https://box.internal/v1", "https://box.local/v1", "https://box.lan/", "https://nas.home.arpa/v1"),
    *("https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[64:ff9b::127.0.0.1]/"),
]
FINE_URLS = [
    *("https://api.openai.com/v1", "https://api.example.com", "https://api.example.com:8443/a/b/"),
    *("https://xn--exmple-cua.com/v1", "https://8.8.8.8/v1", "https://[2606:4700::1111]/v1", "HTTPS://API.EXAMPLE.COM"),
    *("https://1.example.com/v1", "https://localhost.example.com/v1", "https://example.com/localhost@x"),
]  # fmt: skip


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("url", NEVER_URLS, ids=range(len(NEVER_URLS)))
def test_refuses_urls_and_says_why(url: str, private: bool) -> None:
    with pytest.raises(RefusedAddress, match=NEVER_URLS[url]):
        check_url(url, private=private)


@pytest.mark.parametrize("url", OWN_URLS)
def test_lets_only_private_upstreams_have_urls_of_own_networks(url: str) -> None:
    check_url(url, private=True)
    with pytest.raises(RefusedAddress, match=r"say so on its provider"):
        check_url(url, private=False)


def test_lets_only_private_upstreams_be_called_in_clear() -> None:
    check_url("http://127.0.0.1:8000/v1", private=True)
    with pytest.raises(RefusedAddress, match="https"):
        check_url("http://api.example.com/v1", private=False)


@pytest.mark.parametrize("url", FINE_URLS)
def test_lets_public_urls_be_called(url: str) -> None:
    check_url(url, private=False)


@given(st.text(max_size=60), st.booleans())
def test_never_fails_otherwise(text: str, private: bool) -> None:
    for url in (text, f"https://{text}", f"https://[{text}]/"):
        with contextlib.suppress(RefusedAddress):
            check_url(url, private=private)
