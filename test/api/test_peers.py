"""test_peers.py - the same servers through belfry, openssl s_client, check_http and blackbox_exporter.

The table in docs/certificates.md (Beside other tools) says what each makes of each case, and why when they differ: what is measured
here must be what stands there. Packages come from build/servers, unpacked by tools/setup.
"""
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from openssl_lab import DAY, Ca, Lab, s_server
from tls_lab import Server
from tls_world import Run

ROOT = Path(__file__).resolve().parents[2]
UNPACKED = ROOT / "build/servers/root"
CHECK_HTTP = UNPACKED / "usr/lib/nagios/plugins/check_http"
BLACKBOX = UNPACKED / "usr/bin/prometheus-blackbox-exporter"
HANG_SECONDS = 15
WARN_DAYS = 14  # what a rule for these tools usually says

pytestmark = pytest.mark.skipif(not CHECK_HTTP.exists() or not BLACKBOX.exists(), reason="tools/setup has not unpacked the peers")


def table():
    """Of the page: {case: (belfry, s_client, check_http, blackbox, why)}."""
    page = (ROOT / "docs/certificates.md").read_text().split("## Beside other tools\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")]
    return {row[0]: tuple(row[1:]) for row in rows[1:]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    shop = Lab(tmp_path_factory.mktemp("peers"))
    shop.trust = shop.ca(shop.root)
    return shop


# ---- the cases: what is asked for, and a server for it ----

def leaf(**options):
    return lambda shop: Server(lab.tls(shop.middle.leaf(**options).bundle(shop.middle)))


def named(sans):
    return leaf(sans=sans)


def plain_s_server(key, *words):
    return lambda shop: s_server(shop.middle.leaf(key=key).bundle(shop.middle), *words)


def bundle(make):
    return lambda shop: Server(lab.tls(make(shop)))


def many_names(shop):
    sans = "\n".join(f"DNS.{i}=host-{i}.lab.example" for i in range(10000))
    return shop.middle.leaf(sans="@many", ext=("[many]", "DNS=localhost", sans)).bundle(shop.middle)


def untrusted(shop):
    other = Ca(shop.folder, "Unknown Middle", shop.other)
    return other.leaf().bundle(other)


def reversed_chain(shop):
    upper = Ca(shop.folder, "Upper", shop.root)
    lower = Ca(shop.folder, "Lower", upper)
    return lower.leaf().bundle(upper, lower)


def revoked_staple(shop):
    issuer = Ca(shop.folder, "Revoking", shop.root)
    bad = issuer.leaf()
    issuer.revoke(bad)
    return s_server(bad.bundle(issuer), "-status_file", issuer.answer(bad))


def must_staple(shop):
    return shop.middle.leaf(ext=("tlsfeature=status_request",)).bundle(shop.middle)


def client_wanted(shop):
    return s_server(shop.middle.leaf(key="rsa:2048").bundle(shop.middle), "-tls1_2", "-Verify", "1", "-CAfile", shop.ca(shop.other))


def smtp(steps):
    return lambda shop: Server(lab.talk(steps, lab.tls(shop.middle.leaf().bundle(shop.middle))))


HELLO = [b"220 mx ESMTP\r\n", r"EHLO \S+\r\n", b"250-mx\r\n250 STARTTLS\r\n", r"STARTTLS\r\n"]

CASES = {
    "good": ("localhost", leaf()),
    "expired": ("localhost", leaf(start=-90 * DAY, end=-DAY)),
    "not yet valid": ("localhost", leaf(start=30 * DAY, end=90 * DAY)),
    "ten days of a year left": ("localhost", leaf(start=-355 * DAY, end=10 * DAY)),
    "six days, almost all left": ("localhost", leaf(start=-0.1 * DAY, end=5.9 * DAY)),
    "another host": ("localhost", named("DNS:other.example")),
    "a common name only": ("localhost", named(None)),
    "w*.example.test": ("www.example.test", named("DNS:w*.example.test")),
    "*.test for example.test": ("example.test", named("DNS:*.test")),
    "*.example.test for a_b.example.test": ("a_b.example.test", named("DNS:*.example.test")),
    "self-signed": ("localhost", bundle(lambda shop: Ca(shop.folder, "localhost", ext=("subjectAltName=DNS:localhost",)).bundle())),
    "unknown root": ("localhost", bundle(untrusted)),
    "intermediate missing": ("localhost", bundle(lambda shop: shop.middle.leaf().bundle())),
    "chain in the wrong order": ("localhost", bundle(reversed_chain)),
    "SHA-1": ("localhost", plain_s_server("rsa:2048", "-cipher", "ALL:@SECLEVEL=0")),
    "RSA of 1024 bits": ("localhost", plain_s_server("rsa:1024", "-cipher", "ALL:@SECLEVEL=0")),
    "10,000 names": ("localhost", bundle(many_names)),
    "TLS 1.1": ("localhost", plain_s_server("rsa:2048", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")),
    "RSA key exchange": ("localhost", plain_s_server("rsa:2048", "-tls1_2", "-cipher", "AES128-GCM-SHA256")),
    "revoked, by staple": ("localhost", revoked_staple),
    "must-staple without staple": ("localhost", bundle(must_staple)),
    "client certificate demanded": ("localhost", client_wanted),
    "silence": ("localhost", lambda shop: Server(lab.silent)),
    "SMTP": ("localhost", smtp([*HELLO, b"220 go\r\n"])),
    "SMTP that says no, then takes TLS": ("localhost", smtp([*HELLO, b"454 not now\r\n"])),
    "SMTP with words behind the go-ahead": ("localhost", smtp([*HELLO, b"220 go\r\n250 injected\r\n"])),
}


def sha1(shop):
    return s_server(shop.middle.leaf(key="rsa:2048", md="sha1").bundle(shop.middle), "-cipher", "ALL:@SECLEVEL=0")


CASES["SHA-1"] = ("localhost", sha1)


# ---- the tools: ok, bad, hangs, or - when it has no way to look ----

def is_smtp(case):
    return case.startswith("SMTP")


def belfry(shop, case, host, port):
    more = ["--starttls", "smtp"] if is_smtp(case) else []
    return Run(f"{host}:{port}", "--connect-to", f"127.0.0.1:{port}", "--ca", shop.trust, "--json", "--timeout", "10", *more).json["status"]


def outcome(words):
    try:
        done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, timeout=HANG_SECONDS,
                              env={**os.environ, "OPENSSL_CONF": "/dev/null"})
    except subprocess.TimeoutExpired:
        return "hangs"
    return "ok" if done.returncode == 0 else "bad"


def s_client(shop, case, host, port):
    more = ["-starttls", "smtp"] if is_smtp(case) else []
    return outcome(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", host, "-verify_hostname", host,
                    "-verify_return_error", "-CAfile", shop.trust, "-brief", *more])


def check_http(shop, case, host, port):
    if is_smtp(case):
        return "-"
    return outcome([CHECK_HTTP, "-H", host, "-I", "127.0.0.1", "-p", port, "--sni", "-C", WARN_DAYS, "-t", "10"])


MODULE = """
  "{name}":
    prober: tcp
    timeout: 10s
    tcp:
      {how}
      tls_config:
        ca_file: {ca}
        server_name: "{host}"
"""
STARTTLS = """query_response:
      - expect: "^220"
      - send: "EHLO prober\\r"
      - expect: "^250 "
      - send: "STARTTLS\\r"
      - expect: "^220"
      - starttls: true"""


@pytest.fixture(scope="module")
def blackbox(shop):
    config = shop.folder / "blackbox.yml"
    config.write_text("modules:\n" + "".join(
        MODULE.format(name=case, how=STARTTLS if is_smtp(case) else "tls: true", ca=shop.trust, host=host)
        for case, (host, _) in CASES.items()))
    port = lab.refused_port()
    process = subprocess.Popen([BLACKBOX, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def is_up():
        with lab.socket.socket() as s:
            return process.poll() is not None or s.connect_ex(("127.0.0.1", port)) == 0

    assert lab.wait_until(is_up) and process.poll() is None, process.stderr.read().decode()

    def look(case, target):
        query = urllib.parse.urlencode({"module": case, "target": f"127.0.0.1:{target}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        text = opener.open(f"http://127.0.0.1:{port}/probe?{query}", timeout=60).read().decode()
        end = re.search(r"^probe_ssl_earliest_cert_expiry (\S+)", text, re.M)
        is_good = re.search(r"^probe_success 1", text, re.M) and end and float(end[1]) - time.time() > WARN_DAYS * DAY
        return "ok" if is_good else "bad"

    yield look
    process.kill()
    process.wait()


@pytest.mark.parametrize("case", CASES)
def test_each_case_is_as_the_page_says(shop, blackbox, case):
    host, make = CASES[case]
    with make(shop) as server:
        said = (belfry(shop, case, host, server.port), s_client(shop, case, host, server.port), check_http(shop, case, host, server.port),
                blackbox(case, server.port))
    *told, why = table()[case]
    assert said == tuple(told), f"| {case} | {' | '.join(said)} | |"
    differ = any(word not in ("-", "ok" if said[0] == "ok" else "bad") for word in said[1:])
    assert bool(why) == differ, "a disagreement is explained, and nothing else is"


def test_the_page_knows_these_cases_only():
    assert set(table()) == set(CASES)


