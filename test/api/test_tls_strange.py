"""test_tls_strange.py - servers that others would make: good ones that checkers stumble over, and bad ones that they let pass.

Of each the status, and what is found as "code@depth"; what is only worth knowing stands in `notes` where it matters.
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from openssl_lab import DAY, Ca, Lab, moment, openssl, s_server, verdict
from test_tls_verdict import serve
from tls_world import SOON, Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
CA = "basicConstraints=critical,CA:TRUE"
NO_IDS = ("subjectKeyIdentifier=none", "authorityKeyIdentifier=none")  # so that names are all there is


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("strange"))


def twin(ca, issuer=None, **more):
    """The same name and the same key once more, in another certificate."""
    other = Ca(ca.home, "Twin", issuer, **more)
    csr = other.folder / "again.pem"
    config = other.folder / "req.cnf"
    name = openssl("x509", "-in", ca.cert, "-noout", "-subject", "-nameopt", "compat").decode().split("subject=", 1)[1].strip()
    openssl("req", "-new", "-config", config, "-key", ca.key, "-out", csr, "-subj", "/O=Belfry Lab/CN=" + name.split("CN=")[1])
    signer = issuer or ca
    start, end = more.get("start", -DAY), more.get("end", 400 * DAY)
    openssl("ca", "-batch", "-notext", "-config", signer.config, "-in", csr, "-out", other.cert, "-md", more.get("md", "sha256"),
            "-startdate", moment(start), "-enddate", moment(end), "-extfile", other.folder / "ext.cnf",
            *(["-selfsign", "-keyfile", ca.key] if not issuer else []))
    other.key.write_bytes(ca.key.read_bytes())
    return other


# ---- more than one way to a root ----

def test_an_expired_intermediate_beside_a_good_one(shop):
    old = twin(shop.middle, shop.root, start=-300 * DAY, end=-2 * DAY)
    leaf = shop.middle.leaf()
    verdict(serve(shop, leaf, old, shop.middle), "ok", notes=["chain_extra"])
    verdict(serve(shop, leaf, shop.middle, old), "ok", notes=["chain_extra"])
    verdict(serve(shop, leaf, old), "critical", "chain_expired@1")


def test_an_expired_copy_of_the_root_is_trusted_as_well(shop):
    old = twin(shop.root, start=-300 * DAY, end=-2 * DAY)
    leaf = shop.middle.leaf()
    verdict(serve(shop, leaf, shop.middle, ca=shop.ca(old, shop.root)), "ok")
    verdict(serve(shop, leaf, shop.middle, ca=shop.ca(shop.root, old)), "ok")
    verdict(serve(shop, leaf, shop.middle, old, ca=shop.ca(shop.root)), "ok")


def test_a_cross_sign_leads_to_an_expired_root_that_is_trusted(shop):
    """What broke half of the web on 30 May 2020: the way by the old root is over, the new one's own is good."""
    gone = Ca(shop.folder, "Gone", start=-300 * DAY, end=-2 * DAY)
    cross = twin(shop.root, gone)
    verdict(serve(shop, shop.middle.leaf(), shop.middle, cross, ca=shop.ca(gone, shop.root)), "ok", notes=["chain_extra"])
    verdict(serve(shop, shop.middle.leaf(), shop.middle, cross, ca=shop.ca(gone)), "critical", "chain_expired@3")
    verdict(serve(shop, shop.middle.leaf(), shop.middle, cross, ca=shop.ca(shop.other)), "critical", "untrusted_root@2")


@pytest.mark.parametrize("is_first", [True, False])
def test_issuers_of_one_name_with_two_keys(shop, is_first):
    """A CA has changed its key and not its name, and nothing in the certificate says which it was."""
    one, two = (Ca(shop.folder, "Renewed", shop.root, ext=(CA, *NO_IDS)) for _ in range(2))
    leaf = (one if is_first else two).leaf(ext=NO_IDS)
    verdict(serve(shop, leaf, one, two), "ok", notes=["chain_extra"])


@pytest.mark.parametrize("is_first", [True, False])
def test_roots_of_one_name_with_two_keys(shop, is_first):
    one, two = (Ca(shop.folder, "New Root", ext=(CA, *NO_IDS)) for _ in range(2))
    leaf = (one if is_first else two).leaf(ext=NO_IDS)
    verdict(serve(shop, leaf, ca=shop.ca(one, two)), "ok")


def test_a_forged_issuer_of_the_right_name(shop):
    """It has the name of a trusted root, not its key."""
    forged = Ca(shop.folder, "Lab Root")
    verdict(serve(shop, forged.leaf(), forged), "critical", "untrusted_root@1")
    forged = Ca(shop.folder, "Lab Root", ext=(CA, *NO_IDS))
    verdict(serve(shop, forged.leaf(ext=NO_IDS), forged), "critical", "bad_signature@0")


def test_an_intermediate_signed_with_sha1_that_is_not_needed(shop):
    weak = twin(shop.middle, shop.root, md="sha1")
    verdict(serve(shop, shop.middle.leaf(), shop.middle, weak), "ok", notes=["chain_extra"])


# ---- what may sign what ----

CONSTRAINTS = {
    # constraint of the intermediate, names in the leaf, host; is it good
    "excluded": ("excluded;DNS:example.org", "DNS:www.example.org", "www.example.org", False),
    "excluded-other": ("excluded;DNS:example.org", "DNS:www.example.com", "www.example.com", True),
    "ip-outside": ("permitted;IP:10.0.0.0/255.0.0.0", "IP:192.0.2.1", "192.0.2.1", False),
    "ip-inside": ("permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.1", "192.0.2.1", True),
    "one-name-of-two": ("permitted;DNS:example.org", "DNS:www.example.org,DNS:evil.example", "www.example.org", False),
    "wildcard": ("permitted;DNS:example.org", "DNS:*.example.org", "www.example.org", True),
}


@pytest.mark.parametrize("case", CONSTRAINTS)
def test_name_constraints(shop, case):
    constraint, sans, host, is_good = CONSTRAINTS[case]
    narrow = Ca(shop.folder, "Narrow", shop.root, ext=(CA, f"nameConstraints=critical,{constraint}"))
    run = serve(shop, narrow.leaf(cn="x", sans=sans), narrow, more=("--name", host))
    verdict(run, *(("ok",) if is_good else ("critical", "name_constraint@0")))


def test_an_intermediate_with_an_extension_that_is_not_known(shop):
    middle = Ca(shop.folder, "Odd Middle", shop.root, ext=(CA, "1.2.3.4=critical,DER:05:00"))
    verdict(serve(shop, middle.leaf(), middle), "critical", "verify_other@1")


def test_a_leaf_that_signs(shop):
    """BasicConstraints were forgotten by old clients: a certificate for one host signs one for another."""
    host = Ca(shop.folder, "evil", shop.root, ext=("subjectAltName=DNS:evil.example", "extendedKeyUsage=serverAuth"))
    verdict(serve(shop, host.leaf(), host), "critical", "invalid_ca@1")


def test_one_certificate_is_its_own_anchor(shop):
    leaf = shop.other.leaf()
    verdict(serve(shop, leaf, ca=shop.ca(leaf)), "ok")
    late = shop.other.leaf(start=-90 * DAY, end=-DAY)
    verdict(serve(shop, late, ca=shop.ca(late)), "critical", "expired@0")


# ---- dates at their borders ----

def test_no_end(shop):
    """99991231235959Z is how RFC 5280 says that there is none."""
    leaf = shop.middle.leaf(end=2910000 * DAY)
    run = verdict(serve(shop, leaf, shop.middle), "ok", notes=["validity_too_long@0"])
    assert run.json["not_after"].startswith("9994-") and run.json["days_left"] == 2909999


def test_it_ends_before_it_begins(shop):
    run = verdict(serve(shop, shop.middle.leaf(start=20 * DAY, end=10 * DAY), shop.middle), "critical", "not_yet_valid@0")
    assert run.json["days_left"] == 9


# ---- keys and handshakes of all kinds ----

KEYS = {
    "ed25519": (["-newkey", "ed25519"], "Ed25519", "ok"),
    "ed448": (["-newkey", "ed448"], "Ed448", "ok"),
    "rsa-pss": (["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "RSA-PSS", "ok"),
    "rsa-4096": (["-newkey", "rsa:4096"], "RSA", "ok"),
    "p-521": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "EC", "ok"),
    "secp256k1": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "EC", "ok"),
    "brainpool": (["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"], "EC", "ok"),
}


@pytest.mark.parametrize("case", KEYS)
def test_keys(shop, case, monkeypatch):
    words, kind, status = KEYS[case]
    monkeypatch.setattr("openssl_lab.key_words", lambda _: words)
    leaf = shop.middle.leaf()
    monkeypatch.undo()
    with s_server(leaf.bundle(shop.middle), *(["-tls1_2", "-named_curve", "brainpoolP256r1"] if case == "brainpool" else
                                              ["-tls1_2"] if case == "secp256k1" else [])) as server:
        run = verdict(shop.check(server.port), status)
    assert run.json["chain"][0]["key_type"] == kind


def test_signed_with_pss(shop):
    middle = Ca(shop.folder, "PSS Middle", shop.root, key="rsa:2048")
    csr = middle.leaf()
    signed = csr.folder / "pss.pem"
    openssl("x509", "-req", "-in", csr.folder / "csr.pem", "-CA", middle.cert, "-CAkey", middle.key, "-CAcreateserial", "-days", "90",
            "-extfile", csr.folder / "ext.cnf", "-sigopt", "rsa_padding_mode:pss", "-sha256", "-out", signed)
    csr.cert.write_bytes(signed.read_bytes())
    run = verdict(serve(shop, csr, middle), "ok")
    assert "SHA256" in run.json["chain"][0]["signature_digest"].upper()


def test_a_warning_that_the_name_is_not_known(shop):
    """Old servers warn and go on with the certificate that they have."""
    leaf, other = shop.middle.leaf(), shop.middle.leaf(sans="DNS:other.example")
    with s_server(leaf.bundle(shop.middle), "-tls1_2", "-servername", "other.example", "-cert2", other.cert, "-key2", other.key) as server:
        verdict(shop.check(server.port), "ok")


def test_certificates_by_name(shop):
    leaf, other = shop.middle.leaf(), shop.middle.leaf(sans="DNS:other.example", start=-90 * DAY, end=-DAY)
    with s_server(leaf.bundle(shop.middle), "-servername", "other.example", "-cert2", other.bundle(shop.middle), "-key2", other.key) as server:
        verdict(shop.check(server.port), "ok")
        run = shop.check(server.port, "--name", "other.example")
    assert run.json["sans"] == ["DNS:other.example"] and "expired@0" in [f"{f['code']}@{f['depth']}" for f in run.json["findings"]]


# ---- servers that talk in their own way before TLS ----

HELLO = b"220 mx\r\n"
TALK = {
    # protocol, what is said and waited for, code
    "smtp-in-small-letters": ("smtp", [HELLO, r"EHLO \S+\r\n", b"250-mx\r\n250 starttls\r\n", r"STARTTLS\r\n", b"220 go\r\n"], "ok"),
    "smtp-starttls-alone": ("smtp", [HELLO, r"EHLO \S+\r\n", b"250-mx\r\n250 STARTTLS\r\n", r"STARTTLS\r\n", b"220\r\n"], "ok"),
    "smtp-go-in-two-lines": ("smtp", [HELLO, r"EHLO \S+\r\n", b"250-mx\r\n250 STARTTLS\r\n", r"STARTTLS\r\n", b"220-ready\r\n220 go\r\n"], "ok"),
    "smtp-line-feeds": ("smtp", [b"220 mx\n", r"EHLO \S+\r\n", b"250-mx\n250 STARTTLS\n", r"STARTTLS\r\n", b"220 go\n"], "ok"),
    "smtp-none": ("smtp", [HELLO, r"EHLO \S+\r\n", b"250-mx\r\n250-STARTTLSX\r\n250 XSTARTTLS\r\n"], "starttls_unsupported"),
    "smtp-busy": ("smtp", [b"421 too many\r\n"], "starttls_refused"),
    "smtp-later": ("smtp", [HELLO, r"EHLO \S+\r\n", b"250-mx\r\n250 STARTTLS\r\n", r"STARTTLS\r\n", b"454 not now\r\n"], "starttls_refused"),
    "smtp-no-ehlo": ("smtp", [HELLO, r"EHLO \S+\r\n", b"502 what?\r\n"], "starttls_unsupported"),
    "imap-list-in-greeting": ("imap", [b"* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", r"a1 CAPABILITY\r\n",
                                       b"* CAPABILITY IMAP4rev1 StartTLS\r\na1 OK done\r\n", r"a2 STARTTLS\r\n",
                                       b"* OK wait\r\na2 OK\r\n"], "ok"),
    "imap-logged-in": ("imap", [b"* PREAUTH hello\r\n"], "starttls_refused"),
    "imap-bye": ("imap", [b"* BYE full\r\n"], "starttls_refused"),
    "imap-none": ("imap", [b"* OK\r\n", r"a1 CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\na1 OK\r\n"], "starttls_unsupported"),
    "pop3-bare": ("pop3", [b"+OK\r\n", r"STLS\r\n", b"+OK\r\n"], "ok"),
    "pop3-no": ("pop3", [b"+OK\r\n", r"STLS\r\n", b"-ERR [AUTH] no\r\n"], "starttls_refused"),
    "ftp-many-lines": ("ftp", [b"220-a\r\n220-b\r\n220 c\r\n", r"AUTH TLS\r\n", b"234-so\r\n234 go\r\n"], "ok"),
    "ftp-no": ("ftp", [b"220 c\r\n", r"AUTH TLS\r\n", b"530 log in first\r\n"], "starttls_refused"),
    "ldap-no": ("ldap", [31, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"], "starttls_refused"),
    "postgres-none": ("postgres", [8, b"N"], "starttls_unsupported"),
    "irc-registered": ("irc", [r"STARTTLS\r\n", b":x 451 * :register first\r\n"], "starttls_unsupported"),
    "nntp-none": ("nntp", [b"201 hi\r\n", r"CAPABILITIES\r\n", b"101 list\r\nVERSION 2\r\n.\r\n"], "starttls_unsupported"),
}


@pytest.mark.parametrize("case", TALK)
@pytest.mark.parametrize("is_slow", [False, True])
def test_talk(shop, case, is_slow, talker):
    protocol, steps, code = TALK[case]
    with lab.Server(lab.talk(by_bytes(steps) if is_slow else steps, talker if code == "ok" else lab.silent)) as server:
        run = shop.check(server.port, "--starttls", protocol, "--timeout", "20")
    assert run.json["code"] == code, run.out
    assert (run.status == 0) is (code == "ok") and run.seconds < SOON


@pytest.fixture(scope="module")
def talker(shop):
    return lab.tls(shop.middle.leaf().bundle(shop.middle))


def by_bytes(steps):
    """The same, each byte by itself."""
    return [piece for step in steps for piece in ([bytes([b]) for b in step] if isinstance(step, bytes) else [step])]


# ---- what is written in them is printed ----

def test_a_name_that_would_steer_a_terminal(shop):
    evil = "a\x1b]0;owned\x07\x1b[2J|x\\u000ay"
    leaf = shop.middle.leaf(cn="x", subject="/O=" + evil + "/CN=x", sans="DNS:elsewhere.example")
    with s_server(leaf.bundle(shop.middle)) as server:
        for more in ((), ("--nagios",)):
            said = Run(f"localhost:{server.port}", "--ca", shop.ca(shop.root), *more)
            assert "\x1b" not in said.out and "\x07" not in said.out, repr(said.out)
        verdict(shop.check(server.port), "critical", "hostname_mismatch@0")


SERIALS = {"zero": ("00", "0"), "long": ("7f" * 20, str(int("7f" * 20, 16))), "high-bit": ("00ff", "255")}


@pytest.mark.parametrize("case", SERIALS)
def test_serials(shop, case):
    digits, decimal = SERIALS[case]
    middle = Ca(shop.folder, "Counting", shop.root)
    (middle.folder / "serial").write_text(digits + "\n")
    run = verdict(serve(shop, middle.leaf(), middle), "ok")
    assert run.json["serial"] == decimal
