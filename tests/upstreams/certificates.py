"""Certificates made for the run: an authority that the gateway trusts, and servers that it must not believe."""

import datetime
import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kernel import clock

__all__ = ["doors"]

DAY = datetime.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey


def doors(folder: Path) -> tuple[Path, Mapping[str, ssl.SSLContext]]:
    """Return the file of the authority, and server contexts by what is wrong with them; `trusted` is right."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, authority_key, issuer="authority", authority=True)
    (folder / "authority.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = {
        "trusted": {"name": here},
        "wrong-name": {"name": x509.DNSName("elsewhere.example")},
        "expired": {"name": here, "days": -1},
    }
    contexts = {}
    for kind, facts in made.items():
        key = ec.generate_private_key(ec.SECP256R1())
        signed = _certificate(kind, key, authority_key, issuer="authority", **facts)  # type: ignore[arg-type]
        contexts[kind] = _context(folder, kind, signed, key)
    key = ec.generate_private_key(ec.SECP256R1())
    own = _certificate("self-signed", key, key, issuer="self-signed", name=here)
    contexts["self-signed"] = _context(folder, "self-signed", own, key)
    return folder / "authority.pem", contexts


def _certificate(
    subject: str,
    key: Key,
    signer: Key,
    *,
    issuer: str,
    name: x509.GeneralName | None = None,
    days: int = 1,
    authority: bool = False,
) -> x509.Certificate:
    ends = clock.now() + days * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - 3 * DAY)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if name is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _context(folder: Path, kind: str, certificate: x509.Certificate, key: Key) -> ssl.SSLContext:
    file = folder / f"{kind}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
