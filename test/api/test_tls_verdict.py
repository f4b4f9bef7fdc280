"""test_tls_verdict.py - every way in which a certificate can be bad, on a server of its own: the verdict and its codes.

The lab is made with the openssl command line. Each case names the status, and what is found as "code@depth", or "code" where
it is of the connection.
"""
import json
import os
import struct
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat

import tls_lab as lab
from openssl_lab import DAY, Ca, Lab, found, moment, openssl, responder, s_server, verdict
from tls_lab import Server
from tls_world import BELFRY, Run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("shop"))


# ---- a case is a leaf, what is sent with it, and what is found ----

def serve(shop, leaf, *chain, more=(), host="localhost", ca=None):
    with Server(lab.tls(leaf.bundle(*chain))) as server:
        return shop.check(server.port, *more, host=host, ca=ca)


DATES = {
    # name: leaf from, until; middle from, until (days); status; findings
    "fresh": (-1, 90, -1, 400, "ok"),
    "expired": (-90, -1, -100, 400, "critical", "expired@0"),
    "expired-a-minute-ago": (-90, -1 / 1440, -100, 400, "critical", "expired@0"),
    "not-yet-valid": (30, 90, -1, 400, "critical", "not_yet_valid@0"),
    "expires-in-20-days": (-345, 20, -400, 400, "warning", "expires_soon@0"),
    "expires-in-10-days": (-355, 10, -400, 400, "critical", "expires_soon@0"),
    "90-days-with-31-left": (-59, 31, -100, 400, "ok"),
    "90-days-with-29-left": (-61, 29, -100, 400, "warning", "expires_soon@0"),
    "six-days": (-0.1, 5.9, -100, 400, "ok"),
    "six-days-with-one-and-a-half-left": (-4.5, 1.5, -100, 400, "warning", "expires_soon@0"),
    "one-day": (-0.1, 0.9, -100, 400, "ok"),
    "middle-expired": (-1, 90, -300, -2, "critical", "chain_expired@1"),
    "middle-expires-soon": (-1, 90, -345, 20, "warning", "chain_expires_soon@1"),
    "middle-not-yet-valid": (-1, 90, 2, 400, "critical", "not_yet_valid@1"),
    "both-expired": (-90, -1, -300, -2, "critical", "expired@0", "chain_expired@1"),
    "twenty-years": (-1, 7300, -1, 8000, "ok"),
}


@pytest.mark.parametrize("case", DATES)
def test_dates(shop, case):
    start, end, middle_start, middle_end, status, *codes = DATES[case]
    middle = Ca(shop.folder, "Dated Middle", shop.root, middle_start * DAY, middle_end * DAY)
    run = verdict(serve(shop, middle.leaf(start=start * DAY, end=end * DAY), middle), status, *codes)
    assert run.json["days_left"] == (end * DAY - 1) // DAY
    left = 100 * end / (end - start)
    assert abs(run.json["percent_left"] - left) < 0.1
    assert run.json["not_after"].endswith("Z") and run.json["chain"][1]["not_after"].endswith("Z")


def test_the_root_has_expired(shop):
    root = Ca(shop.folder, "Old Root", start=-300 * DAY, end=-2 * DAY)
    verdict(serve(shop, root.leaf(), ca=shop.ca(root)), "critical", "chain_expired@1")


def test_an_expired_cross_sign_alarms_nobody(shop):
    """The root's key certified by another root that is gone; clients find the way without it."""
    old = Ca(shop.folder, "Gone Root", start=-300 * DAY, end=-2 * DAY)
    cross = Ca(shop.folder, "Lab Root", old, start=-300 * DAY, end=-2 * DAY)
    verdict(serve(shop, shop.middle.leaf(), shop.middle, cross), "ok", notes=["chain_extra"])


def test_thresholds_are_given(shop):
    leaf = shop.middle.leaf(start=-10 * DAY, end=50 * DAY)
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        verdict(shop.check(server.port), "ok")
        verdict(shop.check(server.port, "--warning", "60d"), "warning", "expires_soon@0")
        verdict(shop.check(server.port, "--warning", "90%"), "warning", "expires_soon@0")
        verdict(shop.check(server.port, "--warning", "60d,10%"), "ok")
        verdict(shop.check(server.port, "--critical", "51d"), "critical", "expires_soon@0")
        run = shop.check(server.port, "--warning", "60d", "--fail-on", "warning")
        assert (run.status, run.json["status"]) == (9, "warning")


NAMES = {
    # names in the certificate, host asked for, is it good
    "exact": ("DNS:www.example.test", "www.example.test", True),
    "case": ("DNS:WWW.Example.TEST", "www.example.test", True),
    "other": ("DNS:other.example.test", "www.example.test", False),
    "wildcard": ("DNS:*.example.test", "www.example.test", True),
    "wildcard-two-deep": ("DNS:*.example.test", "a.b.example.test", False),
    "wildcard-parent": ("DNS:*.example.test", "example.test", False),
    "wildcard-of-tld": ("DNS:*.test", "example.test", False),
    "wildcard-alone": ("DNS:*", "localhost", False),
    "wildcard-partial": ("DNS:w*.example.test", "www.example.test", False),
    "wildcard-inside": ("DNS:www.*.test", "www.example.test", False),
    "underscore": ("DNS:*.example.test", "a_b.example.test", True),
    "trailing-dot": ("DNS:www.example.test", "www.example.test.", True),
    "idn": ("DNS:xn--bcher-kva.example", "b\u00fccher.example", True),
    "idn-a-label": ("DNS:xn--bcher-kva.example", "xn--bcher-kva.example", True),
    "no-san": (None, "localhost", False),
    "ip": ("IP:192.0.2.1,IP:2001:db8::1", "192.0.2.1", True),
    "ip6": ("IP:2001:db8::1", "2001:0db8::0001", True),
    "ip-other": ("IP:192.0.2.1", "192.0.2.2", False),
    "ip-as-name": ("DNS:192.0.2.1", "192.0.2.1", False),
    "ip-and-wildcard": ("DNS:*.0.2.1", "192.0.2.1", False),
    "email-only": ("email:www@example.test", "example.test", False),
    "uri-only": ("URI:http://www.example.test/", "www.example.test", False),
}


@pytest.mark.parametrize("case", NAMES)
def test_names(shop, case):
    sans, host, is_good = NAMES[case]
    leaf = shop.middle.leaf(cn="localhost", sans=sans)
    run = serve(shop, leaf, shop.middle, more=("--name", host))
    verdict(run, *(("ok",) if is_good else ("critical", "hostname_mismatch@0")))
    assert run.json["host_ok"] is is_good and run.json["verified"] is True
    if case == "no-san":
        assert "no_san" in run.json["message"]


def test_a_nul_in_a_name(shop):
    leaf = shop.middle.leaf(sans=None, ext=("subjectAltName=DER:30:19:82:17:" + ":".join(f"{b:02x}" for b in b"localhost\0.evil.example"),))
    run = verdict(serve(shop, leaf, shop.middle), "critical", "hostname_mismatch@0")
    assert run.json["sans"] == ["DNS:localhost\0.evil.example"]


@pytest.mark.parametrize("subject", ["/", "/O=Only An Organization"])
def test_no_common_name(shop, subject):
    verdict(serve(shop, shop.middle.leaf(subject=subject), shop.middle), "ok")


@pytest.mark.parametrize("count", [1000, 10000])
def test_many_names(shop, count):
    sans = shop.folder / f"{count}.cnf"
    sans.write_text("\n".join(f"DNS.{i}=host-{i}.lab.example" for i in range(count)))
    leaf = shop.middle.leaf(sans="@many", ext=("[many]", "DNS=localhost", sans.read_text()))
    run = verdict(serve(shop, leaf, shop.middle), "ok")
    assert run.json["san_count"] == count + 1 and len(run.json["sans"]) == 100
    assert run.json["chain"][0]["der_bytes"] > count * 20 and run.seconds < 60


# ---- trust ----

def test_self_signed(shop):
    alone = Ca(shop.folder, "localhost", ext=("subjectAltName=DNS:localhost", "extendedKeyUsage=serverAuth"))
    run = verdict(serve(shop, alone), "critical", "self_signed@0")
    assert run.json["trust"] == "none" and run.json["findings"][0]["openssl"] == 18
    run = verdict(serve(shop, alone, ca=shop.ca(alone)), "ok")
    assert run.json["trust"] == "custom"
    verdict(serve(shop, alone, more=("--severity", "self_signed=ok")), "ok", notes=["self_signed@0", "validity_too_long@0"])


def test_untrusted_root(shop):
    middle = Ca(shop.folder, "Unknown Middle", shop.other)
    leaf = middle.leaf()
    run = verdict(serve(shop, leaf, middle, shop.other), "critical", "untrusted_root@2")
    assert run.json["findings"][0]["openssl"] == 19 and "the root Unknown Root" in run.json["message"]
    verdict(serve(shop, leaf, middle), "critical", "untrusted_root@1")


def test_incomplete_chain(shop):
    run = verdict(serve(shop, shop.middle.leaf()), "critical", "incomplete_chain@0")
    assert "Lab Middle" in run.json["message"]
    verdict(serve(shop, shop.middle.leaf(), ca=shop.ca(shop.middle)), "ok")  # an intermediate as anchor


def test_order_and_extra(shop):
    leaf, deep = shop.middle.leaf(), Ca(shop.folder, "Deep Middle", shop.root)
    lower = Ca(shop.folder, "Lower Middle", deep)
    verdict(serve(shop, lower.leaf(), lower, deep), "ok", notes=[])
    run = verdict(serve(shop, lower.leaf(), deep, lower), "warning", "chain_order")
    assert run.json["chain_count"] == 3 and len(run.json["verified_chain"]) == 4
    verdict(serve(shop, lower.leaf(), shop.root, deep, lower), "warning", "chain_order", notes=["chain_extra"])
    verdict(serve(shop, leaf, shop.middle, shop.root), "ok", notes=["chain_extra"])
    verdict(serve(shop, leaf, shop.middle, shop.middle), "ok", notes=["chain_extra"])
    verdict(serve(shop, leaf, shop.other, shop.middle), "ok", notes=["chain_extra"])
    many = [Ca(shop.folder, f"Nobody {i}") for i in range(12)]
    run = verdict(serve(shop, leaf, shop.middle, *many), "warning", "chain_extra")
    assert run.json["chain_count"] == 14


def test_a_chain_of_150(shop):
    path = shop.folder / "150.pem"
    leaf = shop.middle.leaf()
    path.write_bytes(leaf.key.read_bytes() + leaf.pem() + shop.middle.pem() + shop.other.pem() * 148)
    with Server(lab.tls(str(path))) as server:
        run = verdict(shop.check(server.port), "warning", "chain_extra")
    assert run.json["chain_count"] == 150 and len(run.json["chain"]) == 20


def test_who_may_sign(shop):
    no_ca = Ca(shop.folder, "No CA", shop.root, ext=("basicConstraints=CA:FALSE",))
    verdict(serve(shop, no_ca.leaf(), no_ca), "critical", "invalid_ca@1")
    no_sign = Ca(shop.folder, "No Sign", shop.root, ext=("basicConstraints=CA:TRUE", "keyUsage=digitalSignature"))
    verdict(serve(shop, no_sign.leaf(), no_sign), "critical", "invalid_ca@1")
    below = Ca(shop.folder, "Below", shop.middle)
    verdict(serve(shop, below.leaf(), below, shop.middle), "critical", "path_length@2")
    narrow = Ca(shop.folder, "Narrow", shop.root,
                ext=("basicConstraints=CA:TRUE", "nameConstraints=critical,permitted;DNS:example.org"))
    verdict(serve(shop, narrow.leaf(sans="DNS:localhost"), narrow), "critical", "name_constraint@0")
    verdict(serve(shop, narrow.leaf(sans="DNS:www.example.org"), narrow, more=("--name", "www.example.org")), "ok")


def test_purposes(shop):
    verdict(serve(shop, shop.middle.leaf(usage="clientAuth"), shop.middle), "critical", "wrong_purpose@0")
    verdict(serve(shop, shop.middle.leaf(usage=None), shop.middle), "ok")
    verdict(serve(shop, shop.middle.leaf(usage=None, ext=("keyUsage=critical,keyCertSign",)), shop.middle), "critical", "wrong_purpose@0")
    sealing = shop.middle.leaf(ext=("keyUsage=critical,keyEncipherment",), key="rsa:2048")
    run = verdict(serve(shop, sealing, shop.middle), "warning", "wrong_purpose@0")
    assert "digitalSignature" in run.json["message"] and run.json["verified"] is True
    client = Ca(shop.folder, "Client Middle", shop.root, ext=("basicConstraints=CA:TRUE", "extendedKeyUsage=clientAuth"))
    verdict(serve(shop, client.leaf(), client), "critical", "wrong_purpose@1")
    leaf = shop.root.leaf(ext=("basicConstraints=CA:TRUE",))
    verdict(serve(shop, leaf), "warning", "leaf_is_ca@0")


def test_an_extension_that_is_not_known(shop):
    leaf = shop.middle.leaf(ext=("1.2.3.4=critical,DER:05:00",))
    run = verdict(serve(shop, leaf, shop.middle), "critical", "verify_other@0")
    assert run.json["findings"][0]["openssl"] == 34


def test_a_signature_of_somebody_else(shop):
    """Its last byte is another one; nothing else is wrong."""
    leaf = shop.middle.leaf()
    der = leaf.der()
    leaf.cert.write_bytes(openssl("x509", "-inform", "DER", input=der[:-1] + bytes([der[-1] ^ 1])))
    verdict(serve(shop, leaf, shop.middle), "critical", "bad_signature@0")


# ---- strength ----

STRENGTH = {
    # key and digest of the leaf, of its issuer; status; findings
    "rsa-2048": ("rsa:2048", "sha256", "ec", "sha256", "ok"),
    "rsa-1024": ("rsa:1024", "sha256", "ec", "sha256", "critical", "weak_key@0"),
    "rsa-512": ("rsa:512", "sha256", "ec", "sha256", "critical", "weak_key@0"),
    "p-384": ("ec:P-384", "sha384", "ec", "sha256", "ok"),
    "p-224": ("ec:P-224", "sha256", "ec", "sha256", "warning", "weak_key@0"),
    "p-192": ("ec:P-192", "sha256", "ec", "sha256", "critical", "weak_key@0"),
    "sha1": ("ec", "sha1", "ec", "sha256", "critical", "weak_signature@0"),
    "md5": ("ec", "md5", "rsa:2048", "sha256", "critical", "weak_signature@0"),
    "sha1-middle": ("ec", "sha256", "ec", "sha1", "critical", "weak_signature@1"),
    "rsa-1024-middle": ("ec", "sha256", "rsa:1024", "sha256", "critical", "weak_key@1"),
    "everything": ("rsa:1024", "sha1", "rsa:1024", "sha1", "critical", "weak_key@0", "weak_key@1", "weak_signature@0", "weak_signature@1"),
}


@pytest.mark.parametrize("case", STRENGTH)
def test_strength(shop, case):
    key, digest, above_key, above_digest, status, *codes = STRENGTH[case]
    middle = Ca(shop.folder, "Middle", shop.root, key=above_key, md=above_digest)
    leaf = middle.leaf(key=key, md=digest)
    with s_server(leaf.bundle(middle), "-cipher", "ALL:@SECLEVEL=0", *(["-tls1_2"] if key in ("ec:P-192", "ec:P-224", "rsa:512") else [])) as server:
        run = verdict(shop.check(server.port), status, *codes)
    assert run.json["chain"][0]["key_bits"] == int("".join(filter(str.isdigit, key)) or 256)
    assert digest in run.json["chain"][0]["signature_digest"].lower()


def test_dsa(shop):
    params = shop.folder / "dsa.pem"
    openssl("dsaparam", "-out", params, "1024")
    leaf = shop.middle.leaf(key=f"dsa:{params}")
    with s_server(leaf.bundle(shop.middle), "-cipher", "ALL:@SECLEVEL=0", "-tls1_2") as server:
        run = verdict(shop.check(server.port), "critical", "weak_key@0", "weak_dh")
    assert run.json["chain"][0]["key_type"] == "DSA"


def test_a_root_may_be_signed_with_sha1(shop):
    root = Ca(shop.folder, "Root of Old", md="sha1")
    verdict(serve(shop, root.leaf(), root, ca=shop.ca(root)), "ok")


# The 1024-bit group of RFC 2409, 6.2.
GROUP_2 = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
              "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
              "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)

CONNECTIONS = {
    # options of s_server; status; findings; part of what is told
    "tls1.3": (["-tls1_3"], "ok", [], {"version": "TLSv1.3"}),
    "tls1.2": (["-tls1_2"], "ok", [], {"version": "TLSv1.2"}),
    "tls1.1": (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "warning", ["old_protocol"], {"version": "TLSv1.1"}),
    "tls1.0": (["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "warning", ["old_protocol"], {"version": "TLSv1"}),
    "null": (["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"], "critical", ["weak_cipher"], {"cipher_bits": 0}),
    "static-rsa": (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "warning", ["weak_cipher"], {"key_exchange": "RSA"}),
    "dh-1024": (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", "DH"], "warning", ["weak_dh"],
                {"key_exchange": "DH", "key_exchange_bits": 1024}),
    "dh-2048": (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], "ok", [], {"key_exchange": "DH", "key_exchange_bits": 2048}),
    "p-384": (["-tls1_3", "-groups", "P-384"], "ok", [], {"key_exchange": "P-384"}),
}


@pytest.fixture(scope="session")
def rsa_bundle(shop):
    return shop.middle.leaf(key="rsa:2048").bundle(shop.middle)


@pytest.mark.parametrize("case", CONNECTIONS)
def test_connections(shop, rsa_bundle, case):
    words, status, codes, told = CONNECTIONS[case]
    params = shop.folder / "dh1024.pem"
    if "DH" in words and not params.exists():
        params.write_bytes(dh.DHParameterNumbers(GROUP_2, 2).parameters().parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3))
    with s_server(rsa_bundle, *[params if w == "DH" else w for w in words]) as server:
        run = verdict(shop.check(server.port), status, *codes)
    assert {k: run.json["tls"][k] for k in told} == told


def test_client_certificate(shop, rsa_bundle):
    for version in "-tls1_2", "-tls1_3":
        with s_server(rsa_bundle, version, "-Verify", "1", "-CAfile", shop.ca(shop.other)) as server:
            run = verdict(shop.check(server.port), "ok", notes=["client_cert_requested"])
        assert run.json["tls"]["client_cert_requested"] and run.json["tls"]["client_cas"] == ["Unknown Root"]


# ---- revocation: what the server staples ----

def staple(shop, leaf, answer, *more):
    with s_server(leaf.bundle(leaf.issuer), "-status_file", answer) as server:
        return shop.check(server.port, *more)


@pytest.fixture(scope="session")
def issuer(shop):
    """An intermediate whose certificates are revoked at will, with a responder of its own."""
    ca = Ca(shop.folder, "Revoking Middle", shop.root)
    ca.good, ca.bad, ca.unknown = ca.leaf(), ca.leaf(), Ca(shop.folder, "Revoking Middle", shop.root).leaf()
    ca.revoke(ca.bad)
    ca.delegate = ca.leaf("Responder", sans=None, usage="OCSPSigning")
    return ca


def test_staples(shop, issuer):
    run = verdict(staple(shop, issuer.good, issuer.answer(issuer.good)), "ok")
    assert run.json["ocsp"]["source"] == "staple" and run.json["ocsp"]["status"] == "good" and run.json["ocsp"]["signature_ok"] is True
    assert run.json["ocsp"]["this_update"] < run.json["ocsp"]["next_update"]
    run = verdict(staple(shop, issuer.bad, issuer.answer(issuer.bad)), "critical", "revoked@0")
    assert (run.json["ocsp"]["status"], run.json["ocsp"]["reason"]) == ("revoked", "keyCompromise")
    run = verdict(staple(shop, issuer.good, issuer.answer(issuer.good, signer=issuer.delegate)), "ok")
    assert run.json["ocsp"]["status"] == "good"
    verdict(staple(shop, issuer.good, issuer.answer(issuer.good, signer=issuer.leaf())), "warning", "ocsp_unusable@0")
    verdict(staple(shop, issuer.good, issuer.answer(issuer.bad)), "warning", "ocsp_unusable@0")
    garbage = shop.folder / "garbage.ocsp"
    garbage.write_bytes(b"\x30\x03\x0a\x01\x06")  # "unauthorized"
    verdict(staple(shop, issuer.good, garbage), "warning", "ocsp_unusable@0")


def test_a_stale_staple(shop, issuer):
    answer = shop.folder / "stale.ocsp"
    subprocess.run(["faketime", "-f", "-9d", "openssl", "ocsp", "-index", issuer.folder / "index.txt", "-CA", issuer.cert, "-rsigner",
                    issuer.cert, "-rkey", issuer.key, "-issuer", issuer.cert, "-cert", issuer.good.cert, "-respout", answer, "-ndays", "2"],
                   check=True, capture_output=True)
    verdict(staple(shop, issuer.good, answer), "warning", "ocsp_stale@0")


def test_an_unknown_certificate(shop, issuer):
    answer = shop.folder / "unknown.ocsp"
    openssl("ocsp", "-index", "/dev/null", "-CA", issuer.cert, "-rsigner", issuer.cert, "-rkey", issuer.key, "-issuer", issuer.cert,
            "-cert", issuer.good.cert, "-respout", answer, "-ndays", "2")
    verdict(staple(shop, issuer.good, answer), "warning", "ocsp_unknown@0")


def test_must_staple(shop, issuer):
    leaf = issuer.leaf(ext=("tlsfeature=status_request",))
    run = verdict(serve(shop, leaf, issuer), "critical", "ocsp_missing@0")
    assert run.json["chain"][0]["must_staple"] is True
    verdict(staple(shop, leaf, issuer.answer(leaf)), "ok")
    verdict(staple(shop, leaf, issuer.answer(issuer.good)), "critical", "ocsp_unusable@0")


# ---- revocation: what others say when they are asked ----

@pytest.mark.parametrize("is_revoked", [False, True])
def test_a_responder_is_asked(shop, is_revoked):
    issuer = Ca(shop.folder, "Asked Middle", shop.root)
    with Server(responder(issuer)) as other:
        leaf = issuer.leaf(ext=(f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{other.port}/ask",))
        if is_revoked:
            issuer.revoke(leaf)
        server = Server(lab.tls(leaf.bundle(issuer)))
        verdict(shop.check(server.port), "ok")  # nobody is asked unless it is wanted
        run = shop.check(server.port, "--revocation", "ocsp")
    verdict(run, *(("critical", "revoked@0") if is_revoked else ("ok",)))
    assert run.json["ocsp"]["source"] == "query" and run.json["ocsp"]["status"] == ("revoked" if is_revoked else "good")
    assert run.json["timings_ms"]["revocation"] > 0


UNREACHABLE = {
    "refused": None,
    "silent": lab.silent,
    "not-http": lab.says(b"220 hello\r\n"),
    "404": lab.says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
    "endless": lab.floods(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 4096),
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_a_responder_that_does_not_answer_alarms_nobody(shop, issuer, case):
    handler = UNREACHABLE[case]
    with Server(handler or lab.silent) as other:
        port = other.port if handler else lab.refused_port()
        leaf = issuer.leaf(ext=(f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{port}/",))
        for seconds in (2, 4, 8, 16, 32):  # on a busy machine the first of them may be over before the handshake is
            run = serve(shop, leaf, issuer, more=("--revocation", "ocsp", "--timeout", seconds))
            if not run.json["code"].endswith("_timeout"):
                break
    verdict(run, "ok", notes=["ocsp_unreachable@0"])
    assert run.seconds < 60


@pytest.mark.parametrize("uri", ["https://127.0.0.1/", "ldap://x/", "http://user:pw@127.0.0.1/", "http://127.0.0.1:99999/", "file:///etc/passwd"])
def test_addresses_that_nobody_is_asked_at(shop, issuer, uri):
    leaf = issuer.leaf(ext=(f"authorityInfoAccess=OCSP;URI:{uri}",))
    verdict(serve(shop, leaf, issuer, more=("--revocation", "ocsp")), "ok", notes=["ocsp_unreachable@0"])


def test_a_wrong_answer_to_a_question(shop, issuer):
    answer = issuer.answer(issuer.good).read_bytes()
    with Server(lab.says(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)) as other:
        leaf = issuer.leaf(ext=(f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{other.port}/",))
        verdict(serve(shop, leaf, issuer, more=("--revocation", "ocsp")), "warning", "ocsp_unusable@0")


# ---- revocation: lists ----

def test_a_list_in_a_file(shop, issuer):
    lists = shop.folder / "lists.pem"
    lists.write_bytes(issuer.crl().read_bytes() + shop.root.crl().read_bytes())
    more = ("--crl", lists)
    run = verdict(serve(shop, issuer.bad, issuer, more=more), "critical", "revoked@0")
    assert run.json["crl"]["source"] == "file" and run.json["crl"]["status"] == "revoked"
    assert run.json["findings"][0]["openssl"] == 23
    run = verdict(serve(shop, issuer.good, issuer, more=more), "ok", notes=[])
    assert run.json["crl"]["status"] == "good"
    run = verdict(serve(shop, shop.middle.leaf(), shop.middle, more=more), "ok", notes=["crl_missing@0"])
    assert run.json["crl"]["status"] == "none"
    der = shop.folder / "list.der"
    openssl("crl", "-in", issuer.crl(), "-outform", "DER", "-out", der)
    verdict(serve(shop, issuer.bad, issuer, more=("--crl", der)), "critical", "revoked@0")


def test_stale_and_forged_lists(shop, issuer):
    stale = issuer.crl("-crl_lastupdate", moment(-9 * DAY), "-crl_nextupdate", moment(-2 * DAY))
    verdict(serve(shop, issuer.good, issuer, more=("--crl", stale)), "warning", "crl_stale@0")
    verdict(serve(shop, issuer.bad, issuer, more=("--crl", stale)), "critical", "crl_stale@0", "revoked@0")
    imposter = Ca(shop.folder, "Revoking Middle", shop.other)
    (imposter.folder / "index.txt").write_bytes((issuer.folder / "index.txt").read_bytes())
    verdict(serve(shop, issuer.bad, issuer, more=("--crl", imposter.crl())), "warning", "crl_unusable@0")


def test_a_revoked_intermediate(shop):
    root = Ca(shop.folder, "Strict Root")
    middle = Ca(shop.folder, "Revoked Middle", root)
    root.revoke(middle, "cACompromise")
    verdict(serve(shop, middle.leaf(), middle, more=("--crl", root.crl()), ca=shop.ca(root)), "critical", "revoked@1")


def test_a_list_file_that_is_none(shop, issuer):
    with Server(lab.tls(issuer.good.bundle(issuer))) as server:
        run = shop.check(server.port, "--crl", shop.root.cert)
        assert (run.status, run.json["code"]) == (1, "file_unreadable") and "no revocation list" in run.json["message"]
        run = shop.check(server.port, "--crl", "/nonexistent")
        assert (run.status, run.json["code"]) == (1, "file_unreadable")


@pytest.mark.parametrize("is_revoked", [False, True])
def test_a_list_is_fetched(shop, is_revoked):
    root = Ca(shop.folder, "Pointed Root")
    issuer = Ca(shop.folder, "Pointed Middle", root)
    body = {}

    def handler(connection, _):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body["list"])

    with Server(handler) as web:
        leaf = issuer.leaf(ext=(f"crlDistributionPoints=URI:ldap://x/,URI:http://127.0.0.1:{web.port}/x.crl",))
        if is_revoked:
            issuer.revoke(leaf)
        body["list"] = openssl("crl", "-in", issuer.crl(), "-outform", "DER")
        run = serve(shop, leaf, issuer, more=("--revocation", "crl"), ca=shop.ca(root))
    verdict(run, *(("critical", "revoked@0") if is_revoked else ("ok",)))
    assert run.json["crl"]["source"] == "query" and run.json["crl"]["status"] == ("revoked" if is_revoked else "good")


def test_a_list_that_cannot_be_fetched_alarms_nobody(shop, issuer):
    leaf = issuer.leaf(ext=(f"crlDistributionPoints=URI:http://127.0.0.1:{lab.refused_port()}/x.crl",))
    verdict(serve(shop, leaf, issuer, more=("--revocation", "crl")), "ok", notes=["crl_unreachable@0"])
    verdict(serve(shop, issuer.good, issuer, more=("--revocation", "ocsp,crl")), "ok", notes=["crl_missing@0"])


# ---- what was expected ----

def test_pins(shop):
    leaf = shop.middle.leaf()
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        for pin in (leaf.sha256(), leaf.sha256().replace(":", "").lower(), "sha256/" + leaf.spki(), "sha256//" + shop.middle.spki(),
                    f"{shop.other.sha256()},sha256/{shop.root.spki()}"):
            verdict(shop.check(server.port, "--pin", pin), "ok")
        for pin in (shop.other.sha256(), "sha256/" + shop.other.spki(), shop.middle.sha256()):
            verdict(shop.check(server.port, "--pin", pin), "critical", "pin_mismatch@0")
        run = shop.check(server.port)
        assert run.json["sha256"] == leaf.sha256().replace(":", "").lower()
        assert run.json["spki_sha256"] == openssl("base64", "-d", input=(leaf.spki() + "\n").encode()).hex()


def test_changed(shop):
    leaf = shop.middle.leaf()
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        run = verdict(shop.check(server.port, "--previous", leaf.sha256()), "ok", notes=[])
        assert run.json["changed"] is None
        run = verdict(shop.check(server.port, "--previous", shop.middle.sha256()), "ok", notes=["certificate_changed@0"])
        assert run.json["changed"] == {"previous_sha256": shop.middle.sha256().replace(":", "").lower()}
        verdict(shop.check(server.port, "--previous", shop.middle.sha256(), "--severity", "certificate_changed=warning"), "warning",
                "certificate_changed@0")


def sct():
    """One signed certificate timestamp as RFC 6962 writes it; nobody's."""
    body = b"\0" + bytes(32) + struct.pack(">Q", int(time.time() * 1000)) + b"\0\0" + b"\4\3" + b"\0\4" + b"\x30\2\5\0"
    return struct.pack(">H", len(body)) + body


def test_certificate_transparency(shop):
    more = ("--ct", "required")
    verdict(serve(shop, shop.middle.leaf(), shop.middle, more=more), "warning", "ct_missing@0")
    scts = struct.pack(">H", 2 * len(sct())) + sct() + sct()
    der = b"\x04\x81" + bytes([len(scts)]) + scts
    leaf = shop.middle.leaf(ext=("1.3.6.1.4.1.11129.2.4.2=DER:" + ":".join(f"{b:02x}" for b in der),))
    run = verdict(serve(shop, leaf, shop.middle, more=more), "ok")
    assert run.json["scts"] == {"embedded": 2, "handshake": 0, "ocsp": 0} and run.json["chain"][0]["scts"] == 2
    info = shop.folder / "serverinfo.pem"  # extension 18 of the handshake, in the form that s_server takes
    one = struct.pack(">H", len(sct())) + sct()
    extension = struct.pack(">HH", 18, len(one)) + one
    info.write_bytes(b"-----BEGIN SERVERINFO FOR SCT-----\n" + openssl("base64", input=extension) + b"-----END SERVERINFO FOR SCT-----\n")
    with s_server(shop.middle.leaf().bundle(shop.middle), "-tls1_2", "-serverinfo", info) as server:
        run = verdict(shop.check(server.port, *more), "ok")
    assert run.json["scts"]["handshake"] == 1


# ---- several things at once ----

def test_everything_is_told(shop):
    middle = Ca(shop.folder, "Everything", shop.other, start=-300 * DAY, end=-2 * DAY, md="sha1")
    leaf = middle.leaf(sans="DNS:x.example", start=-90 * DAY, end=-DAY, key="rsa:1024", usage="clientAuth", ext=("tlsfeature=status_request",))
    with s_server(leaf.bundle(shop.other, middle), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0") as server:
        run = shop.check(server.port, "--pin", shop.root.sha256())
        words = Run(f"localhost:{server.port}", "--ca", shop.ca(shop.root), "--pin", shop.root.sha256())
    verdict(run, "critical", "hostname_mismatch@0", "pin_mismatch@0", "untrusted_root@2", "wrong_purpose@0", "expired@0", "chain_expired@1",
            "weak_key@0", "weak_signature@1", "ocsp_missing@0", "old_protocol", "chain_order")
    severities = [f["severity"] for f in run.json["findings"]]
    assert severities == sorted(severities, key=["critical", "error", "warning", "ok"].index)
    for f in run.json["findings"]:
        assert f["message"] in words.out


# ---- servers that are hostile ----

def record(kind, body):
    return b"".join(struct.pack(">BHH", kind, 0x0303, len(body[i:i + 16000])) + body[i:i + 16000] for i in range(0, len(body), 16000))


def message(kind, body):
    return struct.pack(">I", kind << 24 | len(body)) + body


def shows(*ders):
    """A server that shows any bytes as its certificates, in TLS 1.2, and then hangs up."""
    hello = message(2, b"\3\3" + bytes(32) + b"\0" + b"\xc0\x2b" + b"\0")  # ECDHE-ECDSA-AES128-GCM-SHA256
    lists = b"".join(struct.pack(">I", len(d))[1:] + d for d in ders)
    certificates = message(11, struct.pack(">I", len(lists))[1:] + lists)

    def handler(connection, is_closed):
        connection.recv(4096)
        connection.sendall(record(22, hello + certificates))
        connection.settimeout(0.5)
        connection.recv(4096)

    return handler


def test_certificates_shown_by_hand(shop):
    """The lab's own check: what is shown so is judged as any other, and the handshake is missing."""
    leaf = shop.middle.leaf(start=-90 * DAY, end=-DAY)
    with Server(shows(leaf.der(), shop.middle.der())) as server:
        run = shop.check(server.port)
    assert (run.status, run.json["status"], run.json["code"]) == (9, "critical", "expired"), run.out
    assert {"expired@0", "connection_closed"} <= set(found(run))


def test_malformed_certificates(shop):
    """Each byte of a certificate once turned round: no crash, no hang, and a verdict that is not "good"."""
    leaf = shop.middle.leaf(ext=("tlsfeature=status_request", "authorityInfoAccess=OCSP;URI:http://o.example/",
                                 "crlDistributionPoints=URI:http://c.example/", "certificatePolicies=1.2.3"))
    der, above = leaf.der(), shop.middle.der()
    cases = [der[:i] + bytes([der[i] ^ 0xff]) + der[i + 1:] for i in range(0, len(der), 3)]
    turn = iter(cases)

    def handler(connection, is_closed):
        shows(next(turn), above)(connection, is_closed)

    with Server(handler) as server:
        hosts = shop.folder / "hosts.txt"
        hosts.write_text(f"localhost:{server.port}\n" * len(cases))
        run = Run("--file", hosts, "--ca", shop.ca(shop.root), "--json", "--timeout", "20", timeout=240)
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert len(rows) == len(cases)
    assert all(r["status"] in ("critical", "error") for r in rows)
    assert sum(r["subject"] is not None for r in rows) > len(cases) / 4


def test_a_chain_without_end(shop):
    leaf = shop.middle.leaf()
    with Server(shows(leaf.der(), shop.middle.der(), *[shop.other.der()] * 2500)) as server:
        run = shop.check(server.port, "--timeout", "20")
    assert run.status in (1, 9) and run.seconds < 60, run.out
    assert len(run.out) < 200000


def test_names_without_end(shop):
    long = "x" * 60
    cn = "/".join(f"OU={long}{i}" for i in range(800))
    conf = shop.folder / "long.cnf"
    conf.write_text("[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\n" +
                    "".join(f"{i}.OU={long}\n" for i in range(800)) + "[ext]\nsubjectAltName=DNS:localhost," +
                    ",".join(f"URI:http://{long * 3}{i}/" for i in range(300)) + "\n")
    openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-config", conf, "-keyout",
            shop.folder / "long.key", "-out", shop.folder / "long.crt", "-days", "90")
    bundle = shop.folder / "long.pem"
    bundle.write_bytes((shop.folder / "long.key").read_bytes() + (shop.folder / "long.crt").read_bytes())
    with Server(lab.tls(str(bundle))) as server:
        run = shop.check(server.port)
        words = Run(f"localhost:{server.port}")
    assert run.json["code"] == "self_signed" and len(run.out) < 100000 and len(words.out) < 10000
    assert len(run.json["sans"]) <= 100 and run.json["san_count"] == 301 and len(cn) > 40000


def endless(shop):
    return shows(shop.middle.leaf().der(), shop.middle.der(), *[shop.other.der()] * 2500)


def names(shop):
    sans = "\n".join(f"DNS.{i}=host-{i}.lab.example" for i in range(10000))
    return lab.tls(shop.middle.leaf(sans="@many", ext=("[many]", "DNS=localhost", sans)).bundle(shop.middle))


HOSTILE = {
    "a chain of a megabyte": endless,
    "10,000 names": names,
    "renegotiation for ever": lambda shop: lab.floods(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000),
    "a banner for ever": lambda shop: lab.floods(b"220-hello\r\n" * 1000),
    "a line without end": lambda shop: lab.floods(b"x" * 65536),
    "one message of 16 MB": lambda shop: lab.floods(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"x" * 16380),
}


@pytest.mark.skipif("asan" in os.environ.get("BELFRY", "") or "tsan" in os.environ.get("BELFRY", ""), reason="sanitizers keep what is freed")
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_servers_cost_bounded_memory(shop, case):
    """Thirty at once, with TLS and behind STARTTLS."""
    with Server(HOSTILE[case](shop)) as server:
        for more in ([], ["--starttls", "smtp"]):
            hosts = shop.folder / "hostile.txt"
            hosts.write_text(f"localhost:{server.port}\n" * 30)
            words = [BELFRY, "check", "--file", str(hosts), "--timeout", "3", "--json", *more]
            process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
            usage = os.wait4(process.pid, 0)[2]
            process.returncode = 0
            assert usage.ru_maxrss < 300 * 1024, (case, more, usage.ru_maxrss)  # KiB
