"""openssl_lab.py - certificate authorities made with the openssl command line, its own server, and OCSP answers.

What python-cryptography and Python's ssl cannot do is done here: dates of any kind, weak keys and digests, revocation
with an index that OCSP and CRLs are made from, staples, ciphers that nobody should use any more.
"""
import datetime
import itertools
import os
import re
import socket
import subprocess
import time

from tls_lab import refused_port
from tls_world import Run

CONFIG = """
[ca]
default_ca = shop
[shop]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
crlnumber = {folder}/crlnumber
certificate = {folder}/cert.pem
private_key = {folder}/key.pem
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
default_crl_days = 7
[any]
countryName = optional
organizationName = optional
commonName = optional
"""
DAY = 86400


def openssl(*words, **options):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, timeout=120,
                          env={**os.environ, "OPENSSL_CONF": "/dev/null"}, **options)
    assert done.returncode == 0, (words, done.stderr.decode())
    return done.stdout


def moment(seconds):
    """So many seconds from now, as `openssl ca` takes it."""
    at = datetime.datetime.utcnow() + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y%m%d%H%M%SZ")


def key_words(key):
    kind, _, size = key.partition(":")
    if kind == "ec":
        return ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size or 'P-256'}", "-pkeyopt", "ec_param_enc:named_curve"]
    return ["-newkey", key]


class Cert:
    def __init__(self, folder, issuer):
        self.folder, self.issuer = folder, issuer
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"

    def pem(self):
        return re.search(rb"-----BEGIN CERT.*-----\n", self.cert.read_bytes(), re.S).group(0)

    def der(self):
        return openssl("x509", "-in", self.cert, "-outform", "DER")

    def sha256(self):
        return openssl("x509", "-in", self.cert, "-noout", "-fingerprint", "-sha256").split(b"=")[1].strip().decode()

    def spki(self):
        """SHA-256 of its public key in base64, as HPKP and curl pin it."""
        key = openssl("pkey", "-pubin", "-outform", "DER", input=openssl("x509", "-in", self.cert, "-noout", "-pubkey"))
        digest = openssl("dgst", "-sha256", "-binary", input=key)
        return openssl("base64", "-A", input=digest).decode()

    def bundle(self, *chain):
        """A file with the key, the certificate and those of chain, for a server."""
        path = self.folder / ("bundle" + "".join(c.folder.name for c in chain) + ".pem")
        above = b"".join(c.pem() for c in chain)
        path.write_bytes(self.key.read_bytes() + self.pem() + above)
        (self.folder / (path.name + ".chain")).write_bytes(above)
        return str(path)


class Ca(Cert):
    """A root, or an intermediate one when it is given an issuer."""

    count = itertools.count(1)

    def __init__(self, folder, cn, issuer=None, start=-DAY, end=400 * DAY, ext=("basicConstraints=critical,CA:TRUE",),
                 key="ec", md="sha256"):
        place = folder / f"{next(self.count)}-{cn.replace(' ', '-')}"
        place.mkdir()
        super().__init__(place, issuer)
        self.home = folder
        (place / "index.txt").touch()
        (place / "index.txt.attr").write_text("unique_subject = no\n")
        (place / "serial").write_text("1000\n")
        (place / "crlnumber").write_text("1000\n")
        self.config = place / "ca.cnf"
        self.config.write_text(CONFIG.format(folder=place))
        self.sign((issuer or self), self, f"/O=Belfry Lab/CN={cn}", start, end, ext, key, md)

    def sign(self, issuer, cert, subject, start, end, ext, key, md):
        (cert.folder / "ext.cnf").write_text("\n".join(ext) + "\n")
        empty = cert.folder / "req.cnf"
        empty.write_text("[req]\ndistinguished_name=dn\n[dn]\n")
        openssl("req", "-new", "-nodes", "-config", empty, "-keyout", cert.key, "-out", cert.folder / "csr.pem", "-subj", subject,
                *key_words(key))
        openssl("ca", "-batch", "-notext", "-config", issuer.config, "-in", cert.folder / "csr.pem", "-out", cert.cert, "-md", md,
                "-startdate", moment(start), "-enddate", moment(end), "-extfile", cert.folder / "ext.cnf",
                *(["-selfsign", "-keyfile", cert.key] if issuer is cert else []))

    def leaf(self, cn="localhost", sans="DNS:localhost,IP:127.0.0.1", start=-DAY, end=90 * DAY, ext=(), key="ec", md="sha256",
             usage="serverAuth", subject=None):
        place = self.home / f"{next(self.count)}-leaf"
        place.mkdir()
        cert = Cert(place, self)
        lines = [f"extendedKeyUsage={usage}"] if usage else []
        if sans:
            lines.append(f"subjectAltName={sans}")
        self.sign(self, cert, f"/CN={cn}" if subject is None else subject, start, end, (*lines, *ext), key, md)
        return cert

    def revoke(self, cert, reason="keyCompromise"):
        openssl("ca", "-config", self.config, "-revoke", cert.cert, "-crl_reason", reason)

    def crl(self, *more):
        path = self.folder / f"{next(self.count)}.crl"
        openssl("ca", "-config", self.config, "-gencrl", "-out", path, *more)
        return path

    def answer(self, cert, *more, signer=None):
        """An OCSP response about cert, in DER."""
        path = self.folder / f"{next(self.count)}.ocsp"
        signer = signer or self
        openssl("ocsp", "-index", self.folder / "index.txt", "-CA", self.cert, "-rsigner", signer.cert, "-rkey", signer.key,
                "-issuer", self.cert, "-cert", cert.cert, "-respout", path, "-ndays", "2", *more)
        return path


class Process:
    """A program that listens on self.port."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        for _ in range(5):  # somebody else may take the port first
            self.port = refused_port()
            self.process = subprocess.Popen([w.replace("PORT", str(self.port)) for w in map(str, self.words)],
                                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                            env={**os.environ, "OPENSSL_CONF": "/dev/null"})
            if self.listens():
                return self
            self.__exit__()
        raise AssertionError(f"does not listen: {self.words}")

    def listens(self):
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            time.sleep(0.02)
        return False

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


def s_server(bundle, *more):
    """openssl's own server; bundle is key, certificate and chain."""
    chain = bundle + ".chain"
    return Process("openssl", "s_server", "-accept", "127.0.0.1:PORT", "-cert", bundle, "-key", bundle,
                   *(["-cert_chain", chain] if os.path.getsize(chain) else []), "-quiet", *more)


def responder(ca):
    """A handler for tls_lab.Server: answers questions about the certificates of ca over HTTP."""

    def handler(connection, _):
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(4096)
        head, _, body = data.partition(b"\r\n\r\n")
        while len(body) < int(re.search(rb"(?i)content-length: (\d+)", head).group(1)):
            body += connection.recv(4096)
        assert head.startswith(b"POST /ask HTTP/1.1\r\n") and b"application/ocsp-request" in head
        question, answer = ca.folder / "question.der", ca.folder / "answer.der"
        question.write_bytes(body)
        openssl("ocsp", "-index", ca.folder / "index.txt", "-CA", ca.cert, "-rsigner", ca.cert, "-rkey", ca.key, "-reqin", question,
                "-respout", answer)
        text = answer.read_bytes()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\nContent-Length: %d\r\n\r\n" % len(text) + text)

    return handler


# ---- what is said of them ----

STATUS = {"ok": 0, "warning": 0, "error": 1, "critical": 9}


class Lab:
    """A root that is trusted, an intermediate and what they sign."""

    def __init__(self, folder):
        self.folder = folder
        self.root = Ca(folder, "Lab Root")
        self.middle = Ca(folder, "Lab Middle", self.root, ext=("basicConstraints=critical,CA:TRUE,pathlen:0",))
        self.other = Ca(folder, "Unknown Root")

    def ca(self, *certs):
        path = self.folder / ("trust" + "-".join(c.folder.name for c in certs) + ".pem")
        path.write_bytes(b"".join(c.pem() for c in certs))
        return path

    def check(self, port, *more, host="localhost", ca=None):
        return Run(f"{host}:{port}", "--ca", ca or self.ca(self.root), "--json", *more)


def found(run):
    """Everything but what is only worth knowing; sorted."""
    return sorted(say(f) for f in run.json["findings"] if f["severity"] != "ok")


def noted(run):
    return sorted(say(f) for f in run.json["findings"] if f["severity"] == "ok")


def say(finding):
    return finding["code"] + ("" if finding["depth"] is None else f"@{finding['depth']}")


def verdict(run, status, *codes, notes=None):
    """Status, findings and exit status belong together."""
    assert (run.json["status"], found(run)) == (status, sorted(codes)), run.out
    assert run.status == STATUS[status], run.out
    worst = [f for f in run.json["findings"] if f["severity"] != "ok"]
    assert run.json["code"] == (worst[0]["code"] if worst else "ok")
    assert run.json["subject"] is not None and run.json["chain"][0]["sha256"] == run.json["sha256"]
    if notes is not None:
        assert noted(run) == sorted(notes), run.out
    return run
