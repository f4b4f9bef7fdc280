"""tls_lab.py - certificates of every kind and servers that behave and misbehave, on 127.0.0.1.

Certificates are made with python-cryptography. Servers run in threads of the test's process: Python's ssl where a
handshake is wanted, bare sockets where it is not.
"""
import base64
import datetime
import itertools
import re
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import ports

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

    def __init__(self, handler, family=socket.AF_INET, address="127.0.0.1", listener=None):
        self.handler = handler
        self.listener = listener or socket.socket(family, socket.SOCK_STREAM)
        if not listener:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((address, 0))
            self.listener.listen(1024)
        self.port = self.listener.getsockname()[1]
        self.is_closed = threading.Event()
        self.open = set()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while not self.is_closed.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        self.open.add(connection)
        connection.settimeout(60)
        try:
            self.handler(connection, self.is_closed)
        except (OSError, ValueError):
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    def close(self):
        self.is_closed.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept; else the thread would take from whoever gets the descriptor next
        except OSError:
            pass
        self.thread.join()
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


def tls(pem, lowest=None, highest=None, ciphers=None, client_ca=None, sni=None, alpn=None):
    """A handler that does a TLS handshake. sni: {name: pem}; other names are refused with unrecognized_name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers((ciphers or "ALL") + ":@SECLEVEL=0")
    context.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
    context.maximum_version = highest or ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(pem)
    if alpn:
        context.set_alpn_protocols(alpn)
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
    is_closed.wait(60)


def one_behind_the_other(answer, count):
    """Two handlers: one that answers, and one that says nothing until so many have been answered, and then closes."""
    answered, all_answered = itertools.count(1), threading.Event()

    def answers(connection, is_closed):
        answer(connection, is_closed)
        if next(answered) == count:
            all_answered.set()

    def holds_back(*_):
        all_answered.wait(60)

    return answers, holds_back


def says(text):
    def handler(connection, is_closed):
        connection.sendall(text)
        is_closed.wait(60)

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


def hears(connection, pattern):
    """Reads byte by byte until all that came matches pattern, or, when it is a number, that many bytes."""
    heard = b""
    while not (len(heard) == pattern if isinstance(pattern, int) else re.fullmatch(pattern, heard, re.S)):
        byte = connection.recv(1)
        if not byte:
            raise ValueError(f"heard only {heard!r}")
        heard += byte
    return heard


def talk(steps, then=None, heard=None):
    """A handler that goes through steps - bytes are said, a pattern or a number of bytes is waited for - and then hands over."""

    def handler(connection, is_closed):
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            else:
                text = hears(connection, step.encode() if isinstance(step, str) else step)
                if heard is not None:
                    heard.append(text)
        if then:
            then(connection, is_closed)

    return handler


XMPP_HEAD = (b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' "
             b"id='1' from='localhost' version='1.0'>")
XMPP_TLS = b"xmlns='urn:ietf:params:xml:ns:xmpp-tls'"
MYSQL_HELLO = (b"\x0a10.11.6-MariaDB\0" + b"\x07\0\0\0" + b"abcdefgh" + b"\0" + b"\xfe\xff" + b"\x2d" + b"\x02\0" + b"\xff\x81" +
               b"\x15" + bytes(10) + b"123456789012\0" + b"mysql_native_password\0")

# What each server says, and what it must hear. The last step is the go-ahead, but for mysql, which gives none.
DIALOGUES = {
    "smtp": [b"220-mx.example\r\n220 ESMTP\r\n", r"EHLO \S+\r\n", b"250-mx.example\r\n250-STARTTLS\r\n250 HELP\r\n", r"STARTTLS\r\n",
             b"220 go\r\n"],
    "lmtp": [b"220 lmtp\r\n", r"LHLO \S+\r\n", b"250-mx.example\r\n250 STARTTLS\r\n", r"STARTTLS\r\n", b"220 go\r\n"],
    "imap": [b"* OK IMAP4rev1\r\n", r"a1 CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", r"a2 STARTTLS\r\n",
             b"a2 OK go\r\n"],
    "pop3": [b"+OK pop\r\n", r"STLS\r\n", b"+OK go\r\n"],
    "ftp": [b"220-hello\r\n there\r\n220 ftp\r\n", r"AUTH TLS\r\n", b"234 go\r\n"],
    "sieve": [b'"IMPLEMENTATION" "lab"\r\n"STARTTLS"\r\nOK "hi"\r\n', r"STARTTLS\r\n", b'OK "go"\r\n'],
    "nntp": [b"200 news\r\n", r"CAPABILITIES\r\n", b"101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n", r"STARTTLS\r\n", b"382 go\r\n"],
    "irc": [b":irc.example NOTICE * :*** hello\r\n", r"STARTTLS\r\n", b":irc.example 670 * :go\r\n"],
    "xmpp": [r"<stream:stream [^>]*xmlns='jabber:client' to='localhost'[^>]*>",
             XMPP_HEAD + b"<stream:features><starttls " + XMPP_TLS + b"/></stream:features>", r"<starttls [^>]*/>",
             b"<proceed " + XMPP_TLS + b"/>"],
    "xmpp-server": [r"<stream:stream [^>]*xmlns='jabber:server' to='localhost'[^>]*>",
                    XMPP_HEAD + b"<stream:features><starttls " + XMPP_TLS + b"><required/></starttls></stream:features>",
                    r"<starttls [^>]*/>", b"<proceed " + XMPP_TLS + b"/>"],
    "ldap": [31, b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00"],
    "postgres": [8, b"S"],
    "mysql": [len(MYSQL_HELLO).to_bytes(3, "little") + b"\0" + MYSQL_HELLO, 36],
}


def relay(a, b):
    """Carries bytes both ways until one side ends."""
    def one(source, sink):
        try:
            for block in iter(lambda: source.recv(65536), b""):
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    other = threading.Thread(target=one, args=(b, a), daemon=True)
    other.start()
    one(a, b)
    other.join(60)


def http_proxy(asked, auth=None):
    """A CONNECT proxy; asked gets each HOST:PORT. auth: "user:password" that it insists on."""
    expected = auth and b"Basic " + base64.b64encode(auth.encode())

    def handler(connection, _):
        head = hears(connection, rb".*\r\n\r\n")
        target = head.split(b" ")[1].decode()
        asked.append(target)
        given = re.search(rb"\r\nProxy-Authorization: ([^\r]*)", head)
        if expected and (not given or given[1] != expected):
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        host, port = target.rsplit(":", 1)
        try:
            server = socket.create_connection((host.strip("[]"), int(port)), 60)
        except OSError:
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        with server:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\nVia: lab\r\n\r\n")
            relay(connection, server)

    return handler


def socks_proxy(asked, auth=None):
    """A SOCKS5 proxy, likewise."""

    def handler(connection, _):
        version, count = connection.recv(2)
        methods = hears(connection, count)
        assert version == 5
        wanted = 2 if auth else 0
        if wanted not in methods:
            connection.sendall(b"\x05\xff")
            return
        connection.sendall(bytes([5, wanted]))
        if auth:
            assert connection.recv(1) == b"\x01"
            user = hears(connection, hears(connection, 1)[0])
            password = hears(connection, hears(connection, 1)[0])
            is_right = user + b":" + password == auth.encode()
            connection.sendall(b"\x01\x00" if is_right else b"\x01\x01")
            if not is_right:
                return
        kind = hears(connection, 4)[3]
        if kind == 3:
            host = hears(connection, hears(connection, 1)[0]).decode()
        else:
            host = socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, hears(connection, 4 if kind == 1 else 16))
        port = int.from_bytes(hears(connection, 2), "big")
        asked.append(f"{host}:{port}")
        try:
            server = socket.create_connection((host, port), 60)
        except OSError:
            connection.sendall(b"\x05\x05\x00\x01" + bytes(6))
            return
        with server:
            connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
            relay(connection, server)

    return handler


def refused_port():
    return ports.unused()


def python_view(pem_or_der):
    """What python-cryptography reads in a certificate, in the names of belfry's JSON."""
    load = x509.load_pem_x509_certificate if b"BEGIN" in pem_or_der else x509.load_der_x509_certificate
    c = load(pem_or_der)
    return {
        "subject_repr": repr(c.subject),
        "not_before": c.not_valid_before.isoformat() + "Z",
        "not_after": c.not_valid_after.isoformat() + "Z",
        "serial": str(c.serial_number),
        "sha256": c.fingerprint(hashes.SHA256()).hex(),
        "days_left": (c.not_valid_after - datetime.datetime.utcnow()).days,
    }


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
