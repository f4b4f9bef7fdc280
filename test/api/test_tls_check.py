"""test_tls_check.py - `belfry check` against servers good, bad and hostile; verdicts beside openssl's own."""
import json
import os
import random
import re
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

sys.path.insert(0, os.path.dirname(__file__))
import ssl

import tls_lab as lab
from tls_lab import DAY, Authority, Leaf, Server, name
from tls_world import SOON, Run, World

IS_SANITIZED = os.environ.get("VARIANT") in ("asan", "tsan")
SUBJECTS = 20 if IS_SANITIZED else 60  # certificate_fuzz reads more of them with AddressSanitizer
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("lab"))


def openssl_verdict(world, port, host="localhost", *more):
    """True when `openssl s_client` accepts."""
    flag = ["-verify_ip", host] if host[0].isdigit() else ["-verify_hostname", host, "-servername", host]
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", world.ca, "-brief",
                           "-verify_return_error", *flag, *more], input=b"", capture_output=True, timeout=60)
    return done.returncode == 0


# ---- good ones ----

def test_good_certificate_in_words(world):
    with Server(lab.tls(world.good())) as server:
        run = Run(f"localhost:{server.port}", "--ca", world.ca)
    assert run.status == 0, run.err
    lines = run.out.splitlines()
    assert lines[0] == f"localhost:{server.port}  good"
    assert 2 <= len(lines) <= 6
    assert "62 days left" in run.out
    assert "C = US, ST = California, O = Example, CN = localhost" in run.out
    assert run.err == ""


@pytest.mark.parametrize("low,high", [(V12, V12), (V13, V13), (V12, V13)])
def test_fields_are_those_python_reads(world, low, high):
    leaf = world.leaf()
    with Server(lab.tls(world.write(leaf, world.middle), low, high)) as server:
        run = world.check(server.port)
    expected = lab.python_view(leaf.pem())
    assert run.status == 0, run.out
    assert {k: run.json[k] for k in expected} == expected
    assert run.json["code"] == "ok"
    assert run.json["verified"] is True and run.json["host_ok"] is True
    assert run.json["tls"]["version"] == ("TLSv1.2" if high == V12 else "TLSv1.3")
    assert run.json["chain_count"] == 2
    assert run.json["address"] == f"127.0.0.1:{server.port}"
    assert run.json["status"] == "ok" and run.json["findings"] == []
    assert run.json["timings_ms"]["total"] > 0


@pytest.mark.parametrize("serial", [1, 127, 128, 255, 2**63, 2**64 - 1, 2**158 + 12345, 2**159 - 1,
                                    570435772442202785564600563792081404855388718456])
def test_serials_are_exact(world, serial):
    leaf = world.leaf(serial=serial)
    with Server(lab.tls(world.write(leaf, world.middle))) as server:
        run = world.check(server.port)
    assert run.json["serial"] == str(serial)
    assert int(run.json["serial_hex"], 16) == serial


def attributes(*parts):
    return x509.Name([x509.NameAttribute(ObjectIdentifier(o), v) for o, v in parts])


CN, O, C, OU = "2.5.4.3", "2.5.4.10", "2.5.4.6", "2.5.4.11"
NAMES = [
    attributes((C, "US"), (O, "Example, Inc."), (CN, "a.example")),
    attributes((CN, 'quote " plus + semi ; less < more > back \\ equals =')),
    attributes((CN, "#leading"), (O, " blanks "), (OU, " "), ("2.5.4.7", "#")),
    attributes((O, "M\u00fcller \u2713 \U0001f512"), (CN, "xn--mller-kva.example")),
    attributes(("2.5.4.5", "4711"), ("1.2.840.113549.1.9.1", "x@example.org"), ("2.5.4.97", "VATDE-1")),
    attributes(("0.9.2342.19200300.100.1.25", "org"), ("0.9.2342.19200300.100.1.1", "u1"), ("2.5.4.9", "Street 1")),
    attributes(("1.3.6.1.4.1.311.60.2.1.3", "DE"), ("1.2.3.4.5.6.7.8", "odd"), (CN, "new\nline\ttab")),
    attributes((CN, "nul\x00byte.example"), (O, "\x7fdel \x01")),
    x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "b"),
                                               x509.NameAttribute(NameOID.ORGANIZATION_NAME, "a+b")]),
               x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")])]),
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bmp \u00e9", x509.name._ASN1Type.BMPString),
               x509.NameAttribute(NameOID.ORGANIZATION_NAME, "uni \U0001f512", x509.name._ASN1Type.UniversalString),
               x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "t61 plain", x509.name._ASN1Type.T61String),
               x509.NameAttribute(NameOID.LOCALITY_NAME, "12 3", x509.name._ASN1Type.NumericString)]),
    x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\x00\x0f\xff", x509.name._ASN1Type.BitString)]),
    x509.Name([]),
]


@pytest.mark.parametrize("subject", NAMES, ids=range(len(NAMES)))
def test_subject_is_python_cryptographys(world, subject):
    leaf = world.leaf(subject=subject)
    with Server(lab.tls(world.write(leaf, world.middle))) as server:
        run = world.check(server.port)
    ours, theirs = run.json["subject_repr"], lab.python_view(leaf.pem())["subject_repr"]
    if any(len(part) > 1 for part in subject.rdns):  # read into a set: their order is a matter of luck
        ours, theirs = (sorted(re.split("[(,+)]", s)) for s in (ours, theirs))
    assert ours == theirs
    assert run.status == 0, run.out


def test_random_subjects_are_python_cryptographys(world):
    dice = random.Random(20261122)
    alphabet = list(' ,+"\\<>;=#\0\n\x1fabcXYZ019') + ["\u00e9", "\u0416", "\u2713", "\U0001f512", "\x85", "\u202e"]
    types = [CN, O, OU, "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.4", "2.5.4.12", "1.2.3.4", "2.999.1", "0.9.2342.19200300.100.1.1"]
    pem = world.folder / "random.pem"

    def handler(connection, is_closed):  # reads the certificate anew for each connection
        lab.tls(str(pem))(connection, is_closed)

    with Server(handler) as server:
        for _ in range(SUBJECTS):
            subject = attributes(*((dice.choice(types), "".join(dice.choices(alphabet, k=dice.randint(1, 12))))
                                   for _ in range(dice.randint(1, 6))))
            leaf = world.leaf(subject=subject)
            leaf.write(pem, world.middle)
            run = world.check(server.port)
            assert run.json["subject_repr"] == repr(subject)
            assert run.status == 0, run.out


def test_control_characters_do_not_reach_the_terminal(world):
    leaf = world.leaf(subject=attributes((CN, "\x1b[2Jred\x9b31m"), (O, "a\u0085b")), sans=("localhost", "x\x1b[1m"))
    with Server(lab.tls(world.write(leaf, world.middle))) as server:
        run = Run(f"localhost:{server.port}", "--ca", world.ca)
    assert run.status == 0
    assert not any(c < " " and c != "\n" or "\x7f" <= c < "\xa0" for c in run.out), repr(run.out)


def test_ip_literals(world):
    with Server(lab.tls(world.good())) as server:
        assert world.check(server.port, host="127.0.0.1").status == 0
        assert world.check(server.port, "--name", "localhost", host="127.0.0.1").status == 0
    other = world.write(world.leaf(sans=("localhost", "127.0.0.2")), world.middle)
    with Server(lab.tls(other)) as server:
        run = world.check(server.port, host="127.0.0.1")
        assert (run.status, run.json["code"], run.json["findings"][0]["openssl"]) == (9, "hostname_mismatch", 64)
        assert openssl_verdict(world, server.port, "127.0.0.1") is False


def test_ipv6(world):
    pem = world.write(world.leaf(sans=("::1",)), world.middle)
    try:
        server = Server(lab.tls(pem), lab.socket.AF_INET6, "::1")
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        run = Run(f"[::1]:{server.port}", "--ca", world.ca, "--json")
    assert run.status == 0, run.out
    assert run.json["address"] == f"[::1]:{server.port}"


def test_the_name_decides_the_certificate(world):
    default = world.write(world.leaf(sans=("default.example",)), world.middle)
    asked = world.write(world.leaf(sans=("asked.example",)), world.middle)
    with Server(lab.tls(default, sni={"asked.example": asked})) as server:
        run = world.check(server.port, "--name", "asked.example")
        assert run.status == 0, run.out
        assert run.json["sans"] == ["DNS:asked.example"]
        run = world.check(server.port, "--name", "other.example")
        assert (run.status, run.json["code"]) == (1, "unrecognized_name"), run.out
        assert "unrecognized name" in run.json["message"]


@pytest.mark.parametrize("sans,host,is_good", [
    (("*.lab.example",), "a.lab.example", True),
    (("*.lab.example",), "a_b.lab.example", True),
    (("*.lab.example",), "b.a.lab.example", False),
    (("*.lab.example",), "lab.example", False),
    (("a*.lab.example",), "ab.lab.example", False),
    (("*.example",), "lab.example", False),
    (("A.Lab.Example",), "a.lab.example", True),
    (("a.lab.example",), "a.lab.example.", True),
    (("evil.example\x00.lab.example",), "evil.example", False),
    ((), "localhost", False),  # the common name does not count
])
def test_host_names(world, sans, host, is_good):
    with Server(lab.tls(world.write(world.leaf(sans=sans), world.middle))) as server:
        run = world.check(server.port, "--name", host)
    assert run.json["host_ok"] is is_good, run.out
    assert run.status == (0 if is_good else 9)
    assert run.json["verified"] is True


def test_ten_thousand_names(world):
    leaf = world.leaf(sans=("localhost", *(f"host-{i}.lab.example" for i in range(10000))))
    with Server(lab.tls(world.write(leaf, world.middle))) as server:
        run = world.check(server.port)
    assert run.status == 0, run.out
    assert run.json["san_count"] == 10001 and len(run.json["sans"]) == 100


def test_client_certificate_wanted(world):
    for high in (V12, V13):
        with Server(lab.tls(world.good(), highest=high, client_ca=world.ca)) as server:
            run = world.check(server.port)
        assert (run.status, run.json["tls"]["client_cert_requested"]) == (0, True), run.out


# ---- bad ones: a result with full data ----

def bad_cases(world):
    other = Authority("Unknown Root")
    old_middle = Authority("Old Intermediate", world.root, start=-300 * DAY, end=-2 * DAY)
    return {
        "expired": (["expired"], world.leaf(start=-90 * DAY, end=-DAY), world.middle),
        "not_yet_valid": (["not_yet_valid"], world.leaf(start=30 * DAY), world.middle),
        "self_signed": (["self_signed"], Leaf(None)),
        "wrong_host": (["hostname_mismatch"], world.leaf(sans=("other.example",)), world.middle),
        "no_intermediate": (["incomplete_chain"], world.leaf()),
        "unknown_root": (["untrusted_root"], Leaf(other), other),
        "old_intermediate": (["chain_expired"], Leaf(old_middle), old_middle),
        "client_usage": (["wrong_purpose"], world.leaf(usage=ExtendedKeyUsageOID.CLIENT_AUTH), world.middle),
        "weak_key": (["weak_key"], world.leaf(key=lab.rsa_key(1024)), world.middle),
        "everything": (["hostname_mismatch", "self_signed", "expired"],
                       Leaf(None, sans=("x.example",), start=-9 * DAY, end=-2 * DAY)),
    }


@pytest.mark.parametrize("case", ["expired", "not_yet_valid", "self_signed", "wrong_host", "no_intermediate",
                                  "unknown_root", "old_intermediate", "client_usage", "weak_key", "everything"])
def test_bad_certificates(world, case):
    codes, leaf, *chain = bad_cases(world)[case]
    with Server(lab.tls(world.write(leaf, *chain))) as server:
        run = world.check(server.port)
        assert openssl_verdict(world, server.port, "localhost", "-auth_level", "2") is False
        words = Run(f"localhost:{server.port}", "--ca", world.ca)
    assert run.status == 9 and words.status == 9
    problems = [f for f in run.json["findings"] if f["severity"] == "critical"]
    assert sorted(f["code"] for f in problems) == sorted(codes), run.out
    assert run.json["code"] == problems[0]["code"]
    expected = lab.python_view(leaf.pem())
    assert {k: run.json[k] for k in expected} == expected
    assert "BAD" in words.out.splitlines()[0]
    for problem in problems:
        assert problem["message"] in words.out


def test_negative_days(world):
    leaf = world.leaf(start=-90 * DAY, end=-DAY / 2)
    with Server(lab.tls(world.write(leaf, world.middle))) as server:
        run = world.check(server.port)
        words = Run(f"localhost:{server.port}", "--ca", world.ca)
    assert run.json["days_left"] == -1
    assert "has expired" in run.json["message"]
    assert "expired within a day" in words.out


def test_sha1_is_weak(world):
    middle = Authority("Middle", world.root)
    try:
        leaf = Leaf(middle, digest=hashes.SHA1())
        pem = world.write(leaf, middle)
    except Exception:
        pytest.skip("SHA-1 cannot be signed here")
    with Server(lab.tls(pem)) as server:
        run = world.check(server.port)
    assert run.status == 9
    assert [f["code"] for f in run.json["findings"]] == ["weak_signature"]


def test_system_roots_do_not_know_the_lab(world):
    with Server(lab.tls(world.good())) as server:
        run = Run(f"localhost:{server.port}", "--json")
        assert run.status == 9 and run.json["verified"] is False and run.json["host_ok"] is True
        run = Run(f"localhost:{server.port}", "--json", env={"SSL_CERT_FILE": str(world.ca)})
        assert run.status == 0, run.out


def test_hashed_directory_of_roots(world, tmp_path):
    (tmp_path / "root.pem").write_bytes(world.root.pem())
    subprocess.run(["openssl", "rehash", tmp_path], check=True)
    environment = {"SSL_CERT_FILE": None, "SSL_CERT_DIR": str(tmp_path)}
    with Server(lab.tls(world.good())) as server:
        assert Run(f"localhost:{server.port}", env=environment).status == 0


def test_no_roots_at_all_is_said(world, tmp_path):
    # The fall-back bundles of distributions hide this on most machines, so only the words are looked at.
    with Server(lab.tls(world.good())) as server:
        run = Run(f"localhost:{server.port}", env={"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": str(tmp_path)})
    assert run.status == 9
    assert "problem" in run.out


# ---- servers without a certificate: told as what they are, long before the time limit, and in words ----

FAILURES = {
    "silent": (lab.silent, 8, "handshake_timeout", "did not finish the handshake"),
    "http": (lab.says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), 1, "not_tls", 'it says "HTTP/1.1 400 Bad Request"'),
    "smtp": (lab.says(b"220 mail.example ESMTP\r\n"), 1, "not_tls", 'it says "220 mail.example ESMTP"'),
    "ssh": (lab.says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), 1, "not_tls", "SSH-2.0"),
    "garbage": (lab.says(bytes(range(128, 256)) * 40), 1, "not_tls", "not with TLS"),
    "escapes": (lab.says(b"\x1b[2J\x07hello\r\n"), 1, "not_tls", 'it says ".[2J.hello"'),
    "closes": (lab.closes, 1, ("connection_closed", "connection_reset"), "connection without a word"),
    "closes_after_hello": (lab.closes_after_hello, 1, "connection_closed", "closed the connection"),
    "resets": (lab.resets, 1, "connection_reset", "broke the connection"),
    "huge_record": (lab.says(b"\x16\x03\x03\xff\xff" + b"x" * 65535), 1, "protocol_error", "handshake"),
    "huge_message": (lab.says(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff" + b"x" * 16380), 1, "protocol_error", "handshake"),
    "empty_records": (lab.floods(b"\x16\x03\x03\x00\x00" * 1000), 1, "protocol_error", "handshake"),
    "hello_requests": (lab.floods(b"\x16\x03\x03\x00\x04\x00\x00\x00\x00" * 1000), (1, 8), None, ""),
    "warnings": (lab.floods(b"\x15\x03\x03\x00\x02\x01\x5a" * 1000), 1, ("protocol_error", "handshake_failure"), ""),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures(world, case):
    handler, status, code, words = FAILURES[case]
    limit = 20 if status == 1 else 1  # whoever shows what it is does so long before it
    with Server(handler) as server:
        run = world.check_within(limit, server.port)
        said = Run(f"localhost:{server.port}", "--timeout", limit)
    statuses = status if isinstance(status, tuple) else (status,)
    codes = code if isinstance(code, tuple) else (code,)
    assert run.status in statuses, run.out
    assert code is None or run.json["code"] in codes, run.out
    assert words in run.json["message"]
    assert run.seconds < max(limit, SOON) + 1
    assert run.json["subject"] is None and run.json["serial"] is None and run.json["days_left"] is None
    assert said.out == "" and said.err.startswith("belfry check: ")
    assert f"localhost:{server.port}" in said.err
    assert "\x1b" not in said.err


def test_refused(world):
    port = lab.refused_port()
    run = world.check(port)
    assert (run.status, run.json["code"]) == (1, "connect_refused")
    assert run.seconds < SOON
    run = Run(f"localhost:{port}")
    assert f"localhost:{port} refuses connections (at 127.0.0.1:{port})" in run.err or "::1" in run.err
    assert "hint:" in run.err


def test_unknown_name(world):
    run = Run("no-such-host.invalid", "--json", "--timeout", 5)
    assert run.status in (1, 8)
    assert run.json["code"] in ("dns_not_found", "dns_failed", "dns_timeout")
    assert "no-such-host.invalid" in run.json["message"]
    assert run.seconds < 5 + SOON


def test_full_backlog_times_out(world):
    with lab.socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(8):
            s = lab.socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            fillers.append(s)
        run = world.check(port, "--timeout", 1, host="127.0.0.1")
        for s in fillers:
            s.close()
    assert (run.status, run.json["code"]) == (8, "connect_timeout"), run.out
    assert run.seconds < 1 + SOON


def test_drip_feed_ends_in_time(world):
    with Server(lab.drips(world.good())) as server:
        run = world.check_within(1.5, server.port)
    assert (run.status, run.json["code"]) == (8, "handshake_timeout"), run.out
    assert run.seconds < 1.5 + SOON


def test_old_protocol(world):
    with Server(lab.tls(world.good(), ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)) as server:
        run = world.check(server.port)
    assert (run.status, run.json["status"], run.json["code"]) == (0, "warning", "old_protocol"), run.out
    assert run.json["tls"]["version"] == "TLSv1.1" and "RFC 8996" in run.json["message"]


def test_chain_of_a_megabyte_is_refused(world):
    leaf = world.leaf()
    pem = world.write(leaf, world.middle, *([world.middle] * 3000))
    with Server(lab.tls(pem)) as server:
        run = world.check(server.port, "--timeout", 20)
    assert run.status in (1, 9), run.out
    assert run.seconds < SOON


def test_many_at_once_in_order(world):
    """Ten say nothing until the ninety others have answered: nobody waits for them, and each has its line in its place."""
    answers, holds_back = lab.one_behind_the_other(lab.tls(world.good()), 90)
    with Server(answers) as good, Server(holds_back) as slow:
        hosts = [f"localhost:{(slow if i % 10 == 5 else good).port}" for i in range(100)]
        run = Run(*hosts, "--ca", world.ca, "--json", "--timeout", 60)
    rows = [json.loads(line) for line in run.out.splitlines()]
    assert [f"{r['target']['host']}:{r['target']['port']}" for r in rows] == hosts
    codes = [r["code"] for r in rows]
    assert set(codes[5::10]) <= {"connection_closed", "connection_reset"} and codes.count("ok") == 90
    assert run.status == 1


def test_worst_status_wins(world):
    with Server(lab.tls(world.good())) as good, Server(lab.tls(world.write(Leaf(None)))) as bad:
        refused = f"localhost:{lab.refused_port()}"
        assert Run(f"localhost:{good.port}", refused, "--ca", world.ca).status == 1
        assert Run(refused, f"localhost:{bad.port}", f"localhost:{good.port}", "--ca", world.ca).status == 9


@pytest.mark.parametrize("arguments,words", [
    ([], "a host is missing"),
    (["https://example.org/"], "write example.org"),
    (["a b"], "blanks"),
    (["example.org:0"], "1 to 65535"),
    (["--timeout", "x", "example.org"], "--timeout"),
    (["--timeout", "nan", "example.org"], "--timeout"),
    (["--timeout", "-1", "example.org"], "--timeout"),
    (["--timeout"], "needs a value"),
    (["--what", "example.org"], "not understood"),
])
def test_usage(arguments, words):
    run = Run(*arguments)
    assert run.status == 2
    assert words in run.err and run.out == ""


def test_ca_file_must_be_one(world, tmp_path):
    with Server(lab.tls(world.good())) as server:
        run = Run(f"localhost:{server.port}", "--ca", tmp_path / "none.pem")
        assert run.status == 1 and "cannot read the CA file" in run.err
        (tmp_path / "empty.pem").write_text("nothing")
        run = Run(f"localhost:{server.port}", "--ca", tmp_path / "empty.pem")
        assert run.status == 1 and "no usable certificate" in run.err


def test_verdict_agrees_with_openssl_on_good(world):
    with Server(lab.tls(world.good())) as server:
        assert openssl_verdict(world, server.port) is True
        assert world.check(server.port).status == 0


def test_s_server_too(world):
    """openssl's own server, TLS 1.2 and 1.3, RSA."""
    pem = world.write(world.leaf(key=lab.rsa_key(2048)), world.middle)
    for flag in ("-tls1_2", "-tls1_3"):
        port = lab.refused_port()
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pem, "-key", pem,
                                   "-cert_chain", pem, "-quiet", flag], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert lab.wait_until(lambda: world.check(port).status == 0), world.check(port).out
        finally:
            server.kill()
            server.wait()
