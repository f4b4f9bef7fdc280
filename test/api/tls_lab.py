"""tls_lab.py - certificates of every kind and servers that behave and misbehave, on 127.0.0.1.

Certificates are made with python-cryptography. Servers run in threads of the test's process: Python's ssl where a
handshake is wanted, bare sockets where it is not.
"""
import datetime
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def name(cn, **more):
    oids = {"C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "O": NameOID.ORGANIZATION_NAME}
    parts = [x509.NameAttribute(oids[k], v) for k, v in more.items()]
    return x509.Name(parts + [x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Authority:
    """A CA, or an intermediate one when it is given an issuer."""

    def __init__(self, cn, issuer=None, start=-DAY, end=400 * DAY, path=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(cn, O="Belfry Lab")
        signer = issuer or self
        self.certificate = (
            x509.CertificateBuilder().subject_name(self.name).issuer_name(signer.name)
            .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now() + start).not_valid_after(now() + end)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path), critical=True)
            .sign(signer.key, hashes.SHA256()))

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


class Leaf:
    """A server certificate; issuer None: self-signed."""

    def __init__(self, issuer, subject=None, sans=("localhost", "127.0.0.1"), start=-DAY, end=63 * DAY,
                 serial=None, key=None, usage=ExtendedKeyUsageOID.SERVER_AUTH, digest=hashes.SHA256()):
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        subject = subject or name("localhost", C="US", ST="California", O="Example")
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer.name if issuer else subject)
            .public_key(self.key.public_key()).serial_number(serial or x509.random_serial_number())
            .not_valid_before(now() + start).not_valid_after(now() + end)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False))
        if sans:
            builder = builder.add_extension(x509.SubjectAlternativeName([san(s) for s in sans]), critical=False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, digest)

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def write(self, path, *chain):
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())
        path.write_bytes(key + self.pem() + b"".join(c.pem() for c in chain))
        return str(path)


def san(text):
    try:
        import ipaddress
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


class Server:
    """Accepts on 127.0.0.1 and gives each connection to a handler, in a thread of its own, until closed."""

    def __init__(self, handler, family=socket.AF_INET, address="127.0.0.1"):
        self.handler = handler
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.is_closed = threading.Event()
        self.open = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.is_closed.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.open.add(connection)
        connection.settimeout(20)
        try:
            self.handler(connection, self.is_closed)
        except (OSError, ValueError):
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def close(self):
        self.is_closed.set()
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def tls(pem, lowest=None, highest=None, ciphers=None, client_ca=None, sni=None):
    """A handler that does a TLS handshake. sni: {name: pem}; other names are refused with unrecognized_name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers((ciphers or "ALL") + ":@SECLEVEL=0")
    context.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
    context.maximum_version = highest or ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(pem)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    if sni:
        others = {}
        for host, path in sni.items():
            others[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            others[host].load_cert_chain(path)

        def choose(connection, host, _):
            if host not in others:
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            connection.context = others[host]
            return None

        context.sni_callback = choose

    def handler(connection, _):
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(1)

    return handler


def silent(connection, is_closed):
    is_closed.wait(20)


def says(text):
    def handler(connection, is_closed):
        connection.sendall(text)
        is_closed.wait(5)

    return handler


def closes(connection, _):
    return


def closes_after_hello(connection, _):
    connection.recv(4096)


def resets(connection, _):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drips(pem):
    """A real handshake, but a byte every 50 ms: a middle man that slows the server's side down."""

    def handler(connection, is_closed):
        with Server(tls(pem)) as inner, socket.create_connection(("127.0.0.1", inner.port)) as server:
            hello = connection.recv(4096)
            server.sendall(hello)
            for byte in iter(lambda: server.recv(1), b""):
                connection.sendall(byte)
                if is_closed.wait(0.05):
                    return

    return handler


def floods(block):
    """Sends block for ever."""

    def handler(connection, is_closed):
        connection.recv(4096)
        while not is_closed.is_set():
            connection.sendall(block)

    return handler


def refused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def python_view(pem_or_der):
    """What python-cryptography reads in a certificate, in the names of belfry's JSON."""
    load = x509.load_pem_x509_certificate if b"BEGIN" in pem_or_der else x509.load_der_x509_certificate
    c = load(pem_or_der)
    return {
        "subject": repr(c.subject),
        "issuer": repr(c.issuer),
        "not_before": c.not_valid_before.isoformat() + "Z",
        "not_after": c.not_valid_after.isoformat() + "Z",
        "serial": str(c.serial_number),
        "sha256": c.fingerprint(hashes.SHA256()).hex(),
        "days_left": (c.not_valid_after - datetime.datetime.utcnow()).days,
    }


def wait_until(condition, seconds=5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
