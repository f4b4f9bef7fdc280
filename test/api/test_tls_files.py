"""test_tls_files.py - certificates in files, and the forms in which `belfry check` tells what it found."""
import json
import os
import pty
import re
import select
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))
import tls_lab as lab
from openssl_lab import DAY, Ca, Lab, openssl, verdict
from tls_lab import Server
from tls_world import BELFRY, Run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("files"))


def look(shop, path, *more, **options):
    return Run("--file-cert", path, "--ca", shop.ca(shop.root), "--json", *more, **options)


def rows(run):
    return [json.loads(line) for line in run.out.splitlines()]


# ---- kinds of files ----

@pytest.fixture(scope="module")
def leaf(shop):
    return shop.middle.leaf()


@pytest.fixture(scope="module")
def kinds(shop, leaf):
    """The same leaf and its issuer, in every kind of file."""
    folder = shop.folder / "kinds"
    folder.mkdir()
    pem = folder / "chain.pem"
    pem.write_bytes(leaf.pem() + shop.middle.pem())
    (folder / "key-first.pem").write_bytes(leaf.key.read_bytes() + pem.read_bytes())
    (folder / "chatty.pem").write_bytes(b"subject: somebody\n" + leaf.cert.read_bytes() + b"and its issuer:\r\n" + shop.middle.pem())
    (folder / "windows.pem").write_bytes(pem.read_bytes().replace(b"\n", b"\r\n"))
    (folder / "trusted.pem").write_bytes(openssl("x509", "-in", leaf.cert, "-trustout") + shop.middle.pem())
    (folder / "both.der").write_bytes(leaf.der() + shop.middle.der())
    openssl("crl2pkcs7", "-nocrl", "-certfile", pem, "-out", folder / "set.p7b")
    openssl("crl2pkcs7", "-nocrl", "-certfile", pem, "-outform", "DER", "-out", folder / "der.p7b")
    for kind, words in {"usual": [], "legacy": ["-legacy"], "open": ["-keypbe", "NONE", "-certpbe", "NONE"], "no-mac": ["-nomac"]}.items():
        openssl("pkcs12", "-export", "-in", leaf.cert, "-inkey", leaf.key, "-certfile", pem, "-out", folder / f"{kind}.p12", "-passout",
                "pass:s\u00e9cret" if kind != "open" else "pass:", *words)
    (folder / "password").write_text("s\u00e9cret\nthe second line is none of it\n")
    return folder


@pytest.mark.parametrize("name", ["chain.pem", "key-first.pem", "chatty.pem", "windows.pem", "trusted.pem", "both.der", "set.p7b", "der.p7b",
                                  "usual.p12", "legacy.p12", "open.p12", "no-mac.p12"])
def test_kinds(shop, leaf, kinds, name):
    run = look(shop, kinds / name, *(["--password-file", kinds / "password"] if name != "open.p12" else []))
    verdict(run, "ok", notes=[])
    assert run.json["target"]["file"] == str(kinds / name) and run.json["target"]["host"] is None
    assert run.json["sha256"] == leaf.sha256().replace(":", "").lower()
    assert [c["subject"] for c in run.json["chain"]] == ["CN = localhost", "O = Belfry Lab, CN = Lab Middle"]
    assert run.json["host_ok"] is None and run.json["tls"] is None and run.json["trust"] == "custom"


def test_standard_input(shop, kinds):
    done = subprocess.run([BELFRY, "check", "--file-cert", "-", "--ca", shop.ca(shop.root), "--json"], input=(kinds / "chain.pem").read_bytes(),
                          capture_output=True, timeout=60)
    assert done.returncode == 0 and json.loads(done.stdout)["target"]["file"] == "standard input"


def test_passwords(shop, kinds):
    wrong = kinds / "wrong"
    wrong.write_text("another\n")
    for name in "usual.p12", "legacy.p12":
        for more in ([], ["--password-file", wrong]):
            run = look(shop, kinds / name, *more)
            assert (run.status, run.json["code"]) == (7, "file_unreadable"), (name, run.out)
            assert "password" in run.json["message"] and "cret" not in run.out
    assert Run("--file-cert", kinds / "usual.p12", "--password-file", "/nonexistent").status == 2


def test_a_password_that_takes_for_ever(shop, leaf, kinds):
    """The number of rounds is written in the file; whoever wrote 2 billion does not want it to be read."""
    slow = kinds / "slow.p12"
    openssl("pkcs12", "-export", "-in", leaf.cert, "-inkey", leaf.key, "-out", slow, "-passout", "pass:x", "-iter", "65537")
    data = slow.read_bytes()
    assert data.count(b"\x02\x03\1\0\1") >= 2
    slow.write_bytes(data.replace(b"\x02\x03\1\0\1", b"\x02\x03\x7f\xff\xff"))
    password = kinds / "x"
    password.write_text("x")
    run = look(shop, slow, "--password-file", password)
    assert run.json["code"] == "file_unreadable" and "hashed too often" in run.json["message"] and run.seconds < 60


@pytest.mark.parametrize("text,words", [
    (b"", "holds no certificate"),
    (b"nothing\n", "holds no certificate"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"),
    (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "damaged"),
    (b"-----BEGIN CERTIFICATE-----\nAAAA", "damaged"),
    (b"\x30\x82\xff\xff" + bytes(100), "holds no certificate"),
])
def test_damaged(shop, text, words):
    path = shop.folder / "damaged.pem"
    path.write_bytes(text)
    run = look(shop, path)
    assert (run.json["status"], run.json["code"]) == ("error", "file_unreadable") and words in run.json["message"], run.out
    assert run.status == 7 and str(path) in run.json["message"]


def test_not_there(shop):
    run = look(shop, "/nonexistent.pem")
    assert (run.status, run.json["code"]) == (3, "file_unreadable")
    words = Run("--file-cert", "/nonexistent.pem")
    assert words.out == "" and "/nonexistent.pem" in words.err


def test_a_key_alone(shop, leaf):
    run = look(shop, leaf.key)
    assert run.json["code"] == "file_unreadable" and "holds no certificate" in run.json["message"]


# ---- what is said of files ----

def test_verdicts(shop):
    path = shop.folder / "verdict.pem"
    expired = shop.middle.leaf(start=-90 * DAY, end=-DAY)
    path.write_bytes(expired.pem() + shop.middle.pem())
    verdict(look(shop, path), "critical", "expired@0")
    path.write_bytes(shop.middle.leaf().pem())
    verdict(look(shop, path), "warning", "incomplete_chain@0")  # its issuer may be in another file
    path.write_bytes(shop.middle.pem() + shop.middle.leaf().pem())
    verdict(look(shop, path), "warning", "chain_order")
    client = shop.middle.leaf(usage="clientAuth")
    path.write_bytes(client.pem() + shop.middle.pem())
    verdict(look(shop, path), "ok")  # nobody said that it is for a server
    verdict(look(shop, path, "--name", "localhost"), "critical", "wrong_purpose@0")
    path.write_bytes(shop.middle.leaf().pem() + shop.middle.pem())
    verdict(look(shop, path, "--name", "localhost"), "ok")
    verdict(look(shop, path, "--name", "other.example"), "critical", "hostname_mismatch@0")
    verdict(look(shop, path, "--pin", shop.other.sha256()), "critical", "pin_mismatch@0")
    shop.middle.revoke(client)
    path.write_bytes(client.pem() + shop.middle.pem())
    verdict(look(shop, path, "--crl", shop.middle.crl()), "critical", "revoked@0")
    staple = shop.middle.leaf(ext=("tlsfeature=status_request",))
    path.write_bytes(staple.pem() + shop.middle.pem())
    verdict(look(shop, path), "ok")  # no handshake, no staple


def test_roots_and_bundles(shop):
    path = shop.folder / "bundle.pem"
    path.write_bytes(shop.other.pem())
    verdict(look(shop, path), "ok", notes=[])  # a root is signed by itself, as it should be
    old = Ca(shop.folder, "Old Root", start=-400 * DAY, end=-DAY)
    leaves = [shop.middle.leaf(), shop.middle.leaf(start=-90 * DAY, end=-DAY)]
    path.write_bytes(b"".join(c.pem() for c in (shop.other, old, leaves[0], shop.middle, leaves[1], leaves[0])))
    run = look(shop, path)
    found = {(r["subject"], r["code"]) for r in rows(run)}
    assert len(rows(run)) == 4
    assert found == {("O = Belfry Lab, CN = Unknown Root", "ok"), ("O = Belfry Lab, CN = Old Root", "expired"), ("CN = localhost", "ok"),
                     ("CN = localhost", "expired")}
    assert run.status == 9


def test_the_bundle_of_the_system(shop):
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    if not os.path.exists(bundle):
        pytest.skip("there is none")
    run = Run("--file-cert", bundle, "--json")
    assert len(rows(run)) > 50 and run.seconds < 60
    assert all(r["subject"] is not None for r in rows(run))


def test_a_directory(shop, leaf):
    folder = shop.folder / "live"
    (folder / "site").mkdir(parents=True)
    (folder / "site" / "fullchain.pem").write_bytes(leaf.pem() + shop.middle.pem())
    (folder / "site" / "privkey.pem").write_bytes(leaf.key.read_bytes())
    (folder / "a.crt").write_bytes(shop.middle.leaf(start=-9 * DAY, end=-DAY).pem() + shop.middle.pem())
    (folder / "readme.txt").write_text("not looked at")
    (folder / ".hidden.pem").write_text("nor this")
    (folder / "broken.cer").write_text("this is")
    (folder / "loop").symlink_to(folder)
    run = look(shop, folder)
    seen = [(os.path.relpath(r["target"]["file"], folder), r["code"]) for r in rows(run)]
    assert [s for s in seen if not s[0].startswith("loop")] == [
        ("a.crt", "expired"), ("broken.cer", "file_unreadable"), ("site/fullchain.pem", "ok")], run.out
    assert run.seconds < 60 and run.status == 9


def test_too_many(shop):
    path = shop.folder / "many.pem"
    path.write_bytes(shop.other.pem() * 1001)
    assert look(shop, path).json["code"] == "ok"  # a thousand times the same
    path.write_bytes(b"x" * (17 << 20))
    run = look(shop, path)
    assert run.json["code"] == "file_unreadable" and run.seconds < 60


# ---- forms ----

@pytest.fixture(scope="module")
def servers(shop):
    """Good, expiring soon, expired."""
    leaves = {"good": shop.middle.leaf(), "soon": shop.middle.leaf(start=-345 * DAY, end=20 * DAY),
              "bad": shop.middle.leaf(start=-90 * DAY, end=-DAY)}
    ports, opened = {}, []
    for name, leaf in leaves.items():
        opened.append(Server(lab.tls(leaf.bundle(shop.middle))))
        ports[name] = f"localhost:{opened[-1].port}"
    ports["gone"] = f"localhost:{lab.refused_port()}"
    yield ports
    for server in opened:
        server.close()


PLUGIN = [("good", 0, "OK"), ("soon", 1, "WARNING"), ("bad", 2, "CRITICAL"), ("gone", 3, "UNKNOWN")]


def plugin(*arguments, timeout=120):
    done = subprocess.run([BELFRY, "check", "--nagios", *map(str, arguments)], capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name,status,word", PLUGIN)
def test_a_monitoring_plugin(shop, servers, name, status, word):
    code, out, err = plugin(servers[name], "--ca", shop.ca(shop.root))
    assert (code, err) == (status, "") and out.count("\n") == 1 and out.count("|") == 1
    assert out.startswith(f"TLS {word} - ") and servers[name] in out
    figures = dict(re.findall(r"'([^']+)'=(\S+)", out.split("|")[1]))
    assert float(figures["time"].rstrip("s")) > 0
    if name != "gone":
        assert re.fullmatch(r"-?\d+\.\d\d;\d+\.\d\d:;\d+\.\d\d:", figures["days_left"])
    if name == "good":  # 91 days in all: 30 are less than a third, 14 less than a sixth
        assert figures["days_left"] in ("90.00;30.00:;14.00:", "89.99;30.00:;14.00:")


def test_a_plugin_for_many(shop, servers):
    code, out, _ = plugin(*servers.values(), "--ca", shop.ca(shop.root))
    first, *lines = out.splitlines()
    assert code == 2 and len(lines) == 4
    assert first.startswith("TLS CRITICAL - 4 checked: 1 critical, 1 without verdict, 1 warning, 1 ok |")
    assert [line.split(" - ")[0] for line in lines] == ["TLS OK", "TLS WARNING", "TLS CRITICAL", "TLS UNKNOWN"]
    assert f"'{servers['good']}:days_left'=" in first
    assert plugin("--what")[0] == 3 and plugin("a b")[0] == 3  # a plugin that is used wrongly knows nothing


def test_what_fails(shop, servers):
    ca = ("--ca", shop.ca(shop.root))
    for name, status in {"good": 0, "soon": 0, "bad": 9, "gone": 1}.items():
        assert Run(servers[name], *ca).status == status
        assert Run(servers[name], *ca, "--fail-on", "critical").status == status
        assert Run(servers[name], *ca, "--fail-on", "warning").status == (9 if name == "soon" else status)
    assert Run(servers["good"], "--fail-on", "never").status == 2
    words = Run(servers["soon"], *ca)
    assert words.out.splitlines()[0].endswith("  WARNING") and "  warning    the certificate expires in" in words.out


def test_pem(shop, servers):
    ca = ("--ca", shop.ca(shop.root))
    leaf, chain = Run(servers["good"], *ca, "--pem"), Run(servers["good"], *ca, "--chain")
    run = Run(servers["good"], *ca, "--json")
    assert (leaf.status, chain.status) == (0, 0)
    assert chain.out.startswith(leaf.out) and chain.out.count("BEGIN CERTIFICATE") == 2 and leaf.out.count("BEGIN CERTIFICATE") == 1
    assert openssl("x509", "-noout", "-fingerprint", "-sha256", input=leaf.out.encode()).decode().split("=")[1].replace(":", "").lower().strip() == \
        run.json["sha256"]
    assert chain.out.endswith(shop.middle.pem().decode())
    gone = Run(servers["gone"], "--chain")
    assert gone.out == "" and "refuses connections" in gone.err and gone.status == 1
    assert Run(servers["good"], "--pem", "--json").status == 2


def test_a_list_of_hosts(shop, servers):
    listed = shop.folder / "hosts.txt"
    listed.write_text(f"# what we run\n\n  {servers['good']}  # the front\r\n{servers['bad']}\n{servers['gone']}")
    run = Run("--file", listed, servers["soon"], "--ca", shop.ca(shop.root), "--json")
    assert [r["code"] for r in rows(run)] == ["expires_soon", "ok", "expired", "connect_refused"] and run.status == 9
    listed.write_text(f"{servers['soon']} severity=expires_soon=ok\n{servers['good']} pin={'00' * 32}\n")
    run = Run("--file", listed, "--ca", shop.ca(shop.root), "--json")
    assert [r["code"] for r in rows(run)] == ["ok", "pin_mismatch"]
    listed.write_text("good.example\nnot good.example\n")
    run = Run("--file", listed)
    assert run.status == 2 and f"{listed}, line 2" in run.err and run.out == ""
    assert Run("--file", "/nonexistent").status == 2
    listed.write_bytes(b"\xef\xbb\xbf" + f"{servers['good']}\r\n".encode())
    assert [r["code"] for r in rows(Run("--file", listed, "--ca", shop.ca(shop.root), "--json"))] == ["ok"]


def test_nothing_to_look_at_is_told(shop, servers):
    """A list or a folder that has become empty must not look like one in which all is well."""
    listed, folder = shop.folder / "nothing.txt", shop.folder / "nothing"
    listed.write_text("# nothing\n")
    folder.mkdir()
    run = Run("--file", listed)
    assert (run.status, run.out) == (2, "") and f"{listed} lists no host" in run.err
    run = Run("--file-cert", folder)
    assert (run.status, run.out) == (7, "") and f"{folder} holds no certificate" in run.err
    run = Run("--file", listed, servers["good"], "--ca", shop.ca(shop.root))
    assert run.status == 0 and "good" in run.out
    for words in (("--file", listed), ("--file-cert", folder), ("--file", "/nonexistent")):
        run = Run("--nagios", *words)
        assert (run.status, run.out) == (3, "TLS UNKNOWN - nothing was checked; standard error tells why\n"), words


def test_many_hosts_in_order(shop, servers):
    """More than are under way at once, some of which keep quiet: bounded in time, and told in order."""
    with Server(lab.silent) as quiet:
        hosts = [f"localhost:{quiet.port}" if i % 100 == 7 else servers["good"] for i in range(1000)]
        listed = shop.folder / "many.txt"
        listed.write_text("\n".join(hosts))
        run = Run("--file", listed, "--ca", shop.ca(shop.root), "--json", "--timeout", "12", timeout=240)
    assert [f"{r['target']['host']}:{r['target']['port']}" for r in rows(run)] == hosts
    assert run.status == 8 and run.err == "", [r for r in rows(run) if r["status"] == "critical"][:2]


def test_progress_on_a_terminal(shop, servers):
    master, slave = pty.openpty()
    with Server(lab.silent) as quiet:
        process = subprocess.Popen([BELFRY, "check", servers["good"], f"localhost:{quiet.port}", servers["bad"], "--timeout", "1", "--json"],
                                   stdout=subprocess.PIPE, stderr=slave)
        out = process.communicate(timeout=60)[0]
    os.close(slave)
    seen = b""
    while select.select([master], [], [], 0.5)[0]:
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(master)
    assert re.search(rb"\d of 3 checked", seen) and seen.endswith(b"\r\x1b[K"), seen
    assert out.count(b"\n") == 3 and b"checked:" not in out
