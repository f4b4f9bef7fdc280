"""test_tls_reach.py - what `belfry check` gets through to: STARTTLS, proxies, names, addresses; and servers that resist."""
import os
import re
import ssl
import subprocess
import sys
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from tls_lab import DIALOGUES, Authority, Leaf, Server
from tls_world import SOON, Run, World

V10, V11, V12, V13 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("reach"))


@pytest.fixture(scope="module")
def good(world):
    return world.good()


def secret(path, text):
    path.write_text(text)
    return path


# ---- STARTTLS ----

@pytest.mark.parametrize("protocol", DIALOGUES)
def test_dialogues(world, good, protocol):
    with Server(lab.talk(DIALOGUES[protocol], lab.tls(good))) as server:
        run = world.check(server.port, "--starttls", protocol)
    assert (run.status, run.json["code"]) == (0, "ok"), run.out
    assert run.json["target"]["starttls"] == protocol
    assert run.json["timings_ms"]["starttls"] > 0 and run.json["timings_ms"]["proxy"] == 0


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_text_behind_the_go_ahead_is_an_error(world, good, protocol):
    steps = list(DIALOGUES[protocol])
    last = max(i for i, step in enumerate(steps) if isinstance(step, bytes))
    steps[last] += b"injected words\r\n"
    with Server(lab.talk(steps[:last + 1], lab.silent)) as server:
        run = world.check(server.port, "--starttls", protocol, "--timeout", 20)
    assert (run.status, run.json["code"]) == (1, "starttls_injection"), run.out
    assert "injected words" in run.json["message"] and run.json["subject"] is None


def test_text_a_moment_later_is_one_too(world):
    def handler(connection, is_closed):
        lab.talk(DIALOGUES["smtp"])(connection, is_closed)
        is_closed.wait(0.1)
        connection.sendall(b"250 injected words\r\n")
        is_closed.wait(60)

    with Server(handler) as server:
        run = world.check(server.port, "--starttls", "smtp", "--timeout", 20)
    assert (run.status, run.json["code"]) == (1, "starttls_injection"), run.out
    assert "250 injected words" in run.json["message"]


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_closing_at_each_step(world, protocol):
    steps = DIALOGUES[protocol]
    for count in range(len(steps)):
        with Server(lab.talk(steps[:count])) as server:
            run = world.check(server.port, "--starttls", protocol, "--timeout", 20)
        assert run.status == 1 and run.json["code"] in ("connection_closed", "connection_reset"), (count, run.out)
        assert run.seconds < SOON


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_keeping_quiet_at_each_step(world, protocol):
    steps = DIALOGUES[protocol]
    for count in (0, len(steps) - 1):
        with Server(lab.talk(steps[:count], lab.silent)) as server:
            run = world.check_within(0.8, server.port, "--starttls", protocol)
        # MySQL says nothing to our request: there it is the handshake that is waited for.
        codes = ("starttls_timeout", "handshake_timeout") if protocol == "mysql" else ("starttls_timeout",)
        assert run.status == 8 and run.json["code"] in codes, (count, run.out)
        assert run.seconds < 0.8 + SOON


@pytest.mark.parametrize("protocol", DIALOGUES)
def test_noise(world, protocol):
    """Garbage, a flood of it, and what another protocol says: quick, in words, and no more than the limits are read."""
    for noise in (bytes(range(128, 256)) * 40, b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 100000):
        says_yes = protocol == "postgres" and noise[:1] == b"S"  # and then goes on
        with Server(lab.says(noise)) as server:
            run = world.check_within(20 if says_yes else 0.6, server.port, "--starttls", protocol)
        codes = {"starttls_injection"} if says_yes else {"protocol_error", "starttls_timeout"}
        assert run.status in (1, 8) and run.json["code"] in codes, (noise[:20], run.out)
        assert run.seconds < 0.6 + SOON
        assert "\x1b" not in run.out


ENDLESS = {"smtp": b"220-more\r\n", "lmtp": b"220-more\r\n", "imap": b"* OK more\r\n", "pop3": b"+", "ftp": b"220-more\r\n", "sieve": b'"MORE"\r\n',
           "nntp": b"2", "irc": b":x NOTICE * :more\r\n", "xmpp": b" ", "xmpp-server": b" ", "ldap": b"\x30\x84\0\0\x0f\xff",
           "postgres": b"\x53", "mysql": b"\xff\x0f\0\0"}


@pytest.mark.parametrize("protocol", ENDLESS)
def test_endless_servers(world, protocol):
    sent = []

    def handler(connection, is_closed):
        while not is_closed.is_set():
            connection.sendall(ENDLESS[protocol] * 100)
            sent.append(1)

    with Server(handler) as server:
        run = world.check(server.port, "--starttls", protocol, "--timeout", 20)
    assert run.status == 1 and run.json["code"] in ("protocol_error", "starttls_injection"), run.out
    assert run.seconds < SOON


def test_a_dripping_server_ends_in_time(world, good):
    def handler(connection, is_closed):
        for byte in b"220-" + b"x" * 2000:
            connection.sendall(bytes([byte]))
            if is_closed.wait(0.05):
                return

    with Server(handler) as server:
        run = world.check_within(1, server.port, "--starttls", "smtp")
    assert (run.status, run.json["code"]) == (8, "starttls_timeout"), run.out
    assert run.seconds < 1 + SOON


def test_a_slow_server_is_waited_for(world, good):
    """Byte by byte, but it comes to the end."""
    def slowly(connection, is_closed):
        for step in DIALOGUES["smtp"]:
            if isinstance(step, str):
                lab.hears(connection, step.encode())
            else:
                for byte in step:
                    connection.sendall(bytes([byte]))
                    time.sleep(0.002)
        lab.tls(good)(connection, is_closed)

    with Server(slowly) as server:
        run = world.check(server.port, "--starttls", "smtp")
    assert run.status == 0, run.out


REFUSALS = {
    "smtp": ([b"220 x\r\n", r"EHLO \S+\r\n", b"250-x\r\n250 HELP\r\n"], "starttls_unsupported"),
    "smtp ": ([b"220 x\r\n", r"EHLO \S+\r\n", b"250 STARTTLS\r\n", r"STARTTLS\r\n", b"454 not now\r\n"], "starttls_refused"),
    "smtp  ": ([b"554 go away\r\n"], "starttls_refused"),
    "imap": ([b"* PREAUTH hi\r\n"], "starttls_refused"),
    "pop3": ([b"+OK\r\n", r"STLS\r\n", b"-ERR no\r\n"], "starttls_refused"),
    "ftp": ([b"220\r\n", r"AUTH TLS\r\n", b"502 what\r\n"], "starttls_unsupported"),
    "nntp": ([b"200\r\n", r"CAPABILITIES\r\n", b"101\r\nSTARTTLS\r\n.\r\n", r"STARTTLS\r\n", b"580 no\r\n"], "starttls_refused"),
    "sieve": ([b'OK "hi"\r\n'], "starttls_unsupported"),
    "irc": ([r"STARTTLS\r\n", b":x 691 * :no\r\n"], "starttls_refused"),
    "ldap": ([31, b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"], "starttls_refused"),
    "postgres": ([8, b"N"], "starttls_unsupported"),
    "mysql": ([b"\x0a\0\0\0\xff\x69\x04go away"], "starttls_refused"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(world, good, case):
    """Whoever says no is not sent a handshake all the same, even when he would take it."""
    steps, code = REFUSALS[case]
    with Server(lab.talk(steps, lab.tls(good))) as server:
        run = world.check(server.port, "--starttls", case.strip(), "--timeout", 20)
    assert (run.status, run.json["code"]) == (1, code), run.out


def test_a_bad_certificate_behind_starttls_is_a_full_result(world):
    with Server(lab.talk(DIALOGUES["smtp"], lab.tls(world.write(Leaf(None))))) as server:
        run = world.check(server.port, "--starttls", "smtp")
    assert (run.status, run.json["code"]) == (9, "self_signed") and run.json["subject"]


def test_names_in_the_dialogue(world, good):
    heard = []
    with Server(lab.talk(DIALOGUES["smtp"], lab.tls(good), heard)) as server:
        world.check(server.port, "--starttls", "smtp", host="127.0.0.1")
        world.check(server.port, "--starttls", "smtp", "--starttls-name", "probe.example", host="127.0.0.1")
    assert heard[0] == b"EHLO [127.0.0.1]\r\n" and heard[2] == b"EHLO probe.example\r\n"
    steps = [step.replace("to='localhost'", "to='[a-z.]*'") if isinstance(step, str) else step for step in DIALOGUES["xmpp"]]
    heard.clear()
    with Server(lab.talk(steps, lab.tls(good), heard)) as server:
        world.check(server.port, "--starttls", "xmpp", "--starttls-name", "chat.example")
        world.check(server.port, "--starttls", "xmpp", "--name", "other.example")
    assert b"to='chat.example'" in heard[0] and b"to='other.example'" in heard[2]


def test_tls_from_the_start_is_hinted(world, good):
    with Server(lab.tls(good)) as server:
        run = world.check_within(1, server.port, "--starttls", "smtp")
        assert (run.json["code"], run.status) == ("starttls_timeout", 8) and "without starttls" in run.json["hint"]
        run = world.check(server.port, "--starttls", "postgres", "--timeout", 20)
        assert run.json["code"] in ("protocol_error", "connection_closed", "connection_reset")


def test_the_port_of_the_protocol_and_auto():
    for protocol, port in {"smtp": 25, "imap": 143, "ldap": 389, "xmpp-server": 5269, "sieve": 4190}.items():
        run = Run("127.0.0.1", "--starttls", protocol, "--json", "--timeout", 2)
        assert run.json["target"]["port"] == port
        run = Run(f"127.0.0.1:{port}", "--starttls", "auto", "--json", "--timeout", 2)
        assert run.json["target"]["starttls"] == protocol
    run = Run("127.0.0.1:1", "--starttls", "auto", "--json", "--timeout", 2)
    assert run.json["target"]["starttls"] is None
    assert Run("127.0.0.1:25", "--json", "--timeout", 2).json["target"]["starttls"] is None


# ---- proxies ----

PROXIES = {"http": lab.http_proxy, "socks5": lab.socks_proxy}


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("auth", [None, "me:s3cret:x"])
def test_through_a_proxy(world, good, tmp_path, kind, auth):
    asked = []
    more = ["--proxy-auth", secret(tmp_path / "auth", auth + "\n")] if auth else []
    with Server(lab.tls(good)) as server, Server(PROXIES[kind](asked, auth)) as proxy:
        run = world.check(server.port, "--proxy", f"{kind}://127.0.0.1:{proxy.port}", *more)
    assert (run.status, run.json["code"]) == (0, "ok"), run.out
    assert asked == [f"localhost:{server.port}"]  # the name goes to the proxy as it is
    assert run.json["target"]["proxy"] == f"{kind}://127.0.0.1:{proxy.port}"
    assert run.json["address"] == f"127.0.0.1:{proxy.port}" and run.json["timings_ms"]["proxy"] > 0
    assert "s3cret" not in run.out + run.err


@pytest.mark.parametrize("kind", PROXIES)
def test_starttls_through_a_proxy(world, good, kind):
    """The server's banner may come right behind the proxy's consent."""
    asked = []
    with Server(lab.talk(DIALOGUES["smtp"], lab.tls(good))) as server, Server(PROXIES[kind](asked)) as proxy:
        run = world.check(server.port, "--proxy", f"{kind}://localhost:{proxy.port}", "--starttls", "smtp", "--connect-to", "127.0.0.1")
    assert run.status == 0, run.out
    assert asked == [f"127.0.0.1:{server.port}"]


def test_banner_in_the_same_packet_as_the_consent(world, good):
    def handler(connection, is_closed):
        lab.hears(connection, rb".*\r\n\r\n")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + DIALOGUES["smtp"][0])
        lab.talk(DIALOGUES["smtp"][1:], lab.tls(good))(connection, is_closed)

    with Server(handler) as proxy:
        run = world.check(25, "--proxy", f"http://127.0.0.1:{proxy.port}", "--starttls", "smtp")
    assert run.status == 0, run.out


@pytest.mark.parametrize("kind", PROXIES)
def test_proxies_that_refuse(world, tmp_path, kind):
    asked = []
    with Server(PROXIES[kind](asked, "me:right")) as proxy:
        url = f"{kind}://127.0.0.1:{proxy.port}"
        run = world.check(443, "--proxy", url)
        assert (run.status, run.json["code"]) == (1, "proxy_failed") and "wants a user" in run.json["message"]
        run = world.check(443, "--proxy", url, "--proxy-auth", secret(tmp_path / "auth", "me:wr0ng"))
        assert (run.status, run.json["code"]) == (1, "proxy_failed") and "does not accept" in run.json["message"]
        assert "wr0ng" not in run.out
    with Server(PROXIES[kind](asked)) as proxy:
        run = world.check(lab.refused_port(), "--proxy", f"{kind}://127.0.0.1:{proxy.port}")
        assert run.json["code"] == "proxy_failed" and "does not connect us to localhost:" in run.json["message"], run.out
    for handler, code, status in ((lab.closes, "proxy_failed", 1), (lab.silent, "proxy_timeout", 8), (lab.says(b"\0" * 99999), "proxy_failed", 1),
                                  (lab.floods(b"HTTP/1.1 200 OK\r\n"), "proxy_failed", 1)):
        with Server(handler) as proxy:
            run = world.check_within(1 if status == 8 else 20, 443, "--proxy", f"{kind}://127.0.0.1:{proxy.port}")
        assert (run.status, run.json["code"]) == (status, code), run.out
        assert run.seconds < 1 + SOON
    run = world.check(443, "--proxy", f"{kind}://127.0.0.1:{lab.refused_port()}")
    assert (run.status, run.json["code"]) == (1, "proxy_failed") and "the proxy 127.0.0.1" in run.json["message"]


def test_proxy_files(world, tmp_path):
    with Server(lab.silent) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        for path, words in ((tmp_path / "absent", "absent"), (secret(tmp_path / "odd", "t0psecret"), "cannot be read")):
            run = world.check(443, "--proxy", url, "--proxy-auth", path)
            assert (run.status, run.json["code"]) == (1, "file_unreadable") and words in run.json["message"], run.out
            assert "t0psecret" not in run.out + run.err


# ---- names and addresses ----

def test_connect_to(world):
    pem = world.write(world.leaf(sans=("far.example",)), world.middle)
    with Server(lab.tls(pem, sni={"far.example": pem})) as server:
        for place in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
            run = Run("far.example", "--connect-to", place, "--ca", world.ca, "--json")
            assert (run.status, run.json["code"]) == (0, "ok"), run.out
            assert (run.json["target"]["host"], run.json["target"]["connect_to"]) == ("far.example", place)
        run = Run(f"far.example:{server.port}", "--connect-to", "127.0.0.1", "--ca", world.ca, "--json")
        assert run.status == 0 and run.json["target"]["connect_to"] == f"127.0.0.1:{server.port}"
        run = Run(f"127.0.0.1:{server.port}", "--sni", "far.example", "--ca", world.ca, "--json")
        assert run.status == 0 and run.json["target"]["sni"] == "far.example"


def test_international_names(world):
    pem = world.write(world.leaf(sans=("xn--bcher-kva.example",)), world.middle)
    with Server(lab.tls(pem, sni={"xn--bcher-kva.example": pem})) as server:
        run = Run(f"B\u00fccher.example:{server.port}", "--connect-to", "127.0.0.1", "--ca", world.ca, "--json")
        assert (run.status, run.json["target"]["host"]) == (0, "xn--bcher-kva.example"), run.out
        assert world.check(server.port, "--name", "b\u00fccher.example").status == 0


def test_name_may_be_an_address(world, good):
    with Server(lab.tls(good)) as server:
        assert world.check(server.port, "--name", "127.0.0.1").status == 0
        run = world.check(server.port, "--name", "192.0.2.1")
        assert (run.status, run.json["code"], run.json["findings"][0]["openssl"]) == (9, "hostname_mismatch", 64)


@pytest.fixture(scope="module")
def both(world):
    """A name with two addresses, in a name space of its own: BELFRY runs under what this gives."""
    hosts = world.folder / "hosts"
    hosts.write_text("127.0.0.1 localhost both.test\n::1 both.test\n")
    under = ["unshare", "-m", "sh", "-c", f'mount --bind {hosts} /etc/hosts && exec "$@"', "-"]
    seen = subprocess.run([*under, "getent", "ahosts", "both.test"], capture_output=True, text=True)
    if not ("::1" in seen.stdout and "127.0.0.1" in seen.stdout):
        pytest.skip("no name can have two addresses here")
    return under


def listen_v6(port, backlog=10):
    listener = lab.socket.socket(lab.socket.AF_INET6, lab.socket.SOCK_STREAM)
    listener.setsockopt(lab.socket.IPPROTO_IPV6, lab.socket.IPV6_V6ONLY, 1)
    listener.setsockopt(lab.socket.SOL_SOCKET, lab.socket.SO_REUSEADDR, 1)
    listener.bind(("::1", port))
    listener.listen(backlog)
    return listener


@pytest.fixture
def good_and_bad(world, good):
    """One port: on 127.0.0.1 with a good certificate, on ::1 with a self-signed one."""
    names = ("localhost", "127.0.0.1", "both.test")
    with Server(lab.tls(world.write(world.leaf(sans=names), world.middle))) as v4:
        with Server(lab.tls(world.write(Leaf(None, sans=names))), listener=listen_v6(v4.port)):
            yield v4.port


def test_families(world, both, good_and_bad):
    def check(*more, host="both.test"):
        return Run(f"{host}:{good_and_bad}", "--ca", world.ca, "--json", *more, under=both)

    run = check("-4")
    assert run.status == 0 and run.json["address"] == f"127.0.0.1:{good_and_bad}", run.out
    run = check("-6")
    assert run.status == 9 and run.json["address"] == f"[::1]:{good_and_bad}", run.out
    run = check("-6", host="127.0.0.1")
    assert (run.status, run.json["code"]) == (1, "dns_not_found") and "no IPv6 address" in run.json["message"]


def test_all_addresses(world, both, good_and_bad):
    host, port = f"both.test:{good_and_bad}", good_and_bad
    run = Run(host, "--ca", world.ca, "--json", "--addresses", "all", under=both)
    assert (run.status, run.json["code"], run.json["address"]) == (9, "self_signed", f"[::1]:{port}"), run.out
    found = {a["address"]: a for a in run.json["addresses"]}
    assert found[f"127.0.0.1:{port}"]["code"] == "ok" and found[f"[::1]:{port}"]["code"] == "self_signed"
    assert all(len(a["sha256"]) == 64 and a["not_after"].endswith("Z") for a in found.values())
    words = Run(host, "--ca", world.ca, "--addresses", "all", under=both)
    assert words.status == 9 and f"[::1]:{port}" in words.out and f"127.0.0.1:{port}" in words.out


def test_an_address_that_keeps_quiet_costs_a_moment(world, both):
    """Happy Eyeballs: the other family has its turn a quarter of a second later."""
    with Server(lab.tls(world.write(world.leaf(sans=("both.test",)), world.middle))) as v4:
        listener, fillers = listen_v6(v4.port, 0), []
        for _ in range(8):
            fillers.append(lab.socket.socket(lab.socket.AF_INET6))
            fillers[-1].setblocking(False)
            fillers[-1].connect_ex(("::1", v4.port))
        run = Run(f"both.test:{v4.port}", "--ca", world.ca, "--json", under=both)
        for s in [listener, *fillers]:
            s.close()
    assert run.status == 0 and run.json["address"].startswith("127.0.0.1"), run.out
    assert run.json["timings_ms"]["connect"] < 8000  # who waits for the first one waits ten seconds


def test_all_addresses_of_one(world, good):
    with Server(lab.tls(good)) as server:
        run = world.check(server.port, "--addresses", "all", "-4")
    assert run.status == 0 and [a["code"] for a in run.json["addresses"]] == ["ok"]
    assert world.check(lab.refused_port(), "--addresses", "all", "-4").json["addresses"][0]["code"] == "connect_refused"


# ---- what we offer ----

def test_versions(world, good):
    with Server(lab.tls(good, V12, V12)) as server:
        assert world.check(server.port, "--tls-max", "1.2").json["tls"]["version"] == "TLSv1.2"
        run = world.check(server.port, "--tls-min", "1.3")
        assert (run.status, run.json["code"]) == (1, "old_protocol"), run.out
        assert "tls_min and tls_max" in run.json["message"] + run.json["hint"]
    with Server(lab.tls(good, V12, V13)) as server:
        assert world.check(server.port, "--tls-min", "1.3").json["tls"]["version"] == "TLSv1.3"
        assert world.check(server.port, "--tls-max", "1.2").json["tls"]["version"] == "TLSv1.2"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions_of_old(world, good):
    with Server(lab.tls(good, V10, V11)) as server:
        assert world.check(server.port).json["code"] == "old_protocol"
        assert world.check(server.port, "--tls-min", "1.0").json["tls"]["version"] == "TLSv1.1"
        assert world.check(server.port, "--tls-max", "1.0").json["tls"]["version"] == "TLSv1"


def test_alpn(world, good):
    with Server(lab.tls(good, alpn=["http/1.1", "h2"])) as server:
        assert world.check(server.port, "--alpn", "h2").json["tls"]["alpn"] == "h2"
        assert world.check(server.port, "--alpn", "h3,http/1.1").json["tls"]["alpn"] == "http/1.1"
        assert world.check(server.port).json["tls"]["alpn"] is None


def test_alpn_that_nobody_speaks(world):
    """OpenSSL's server answers with an alert, unlike Python's."""
    pem, port = world.good(), lab.refused_port()
    server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", pem, "-key", pem, "-alpn", "h2", "-quiet"],
                              stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert lab.wait_until(lambda: world.check(port).json["code"] != "connect_refused")
        run = world.check(port, "--alpn", "imap")
        assert (run.status, run.json["code"]) == (1, "alpn_mismatch"), run.out
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def client(world):
    """Files of a client: certificate with chain, key, key with a password, and one that no server trusts."""
    folder = world.folder
    leaf = world.leaf(sans=(), usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    key = leaf.key.private_bytes
    (folder / "client.pem").write_bytes(leaf.pem() + world.middle.pem())
    (folder / "client.key").write_bytes(key(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / "locked.key").write_bytes(key(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                            serialization.BestAvailableEncryption(b"s3cret")))
    (folder / "password").write_text("s3cret\n")
    Leaf(Authority("Nobody")).write(folder / "stranger.pem")
    return folder


@pytest.mark.parametrize("high", [V12, V13])
def test_client_certificates(world, good, client, high):
    with Server(lab.tls(good, highest=high, client_ca=world.ca)) as server:
        cert, locked = ["--cert", client / "client.pem"], ["--key", client / "locked.key"]
        run = world.check(server.port, *cert, "--key", client / "client.key")
        assert (run.status, run.json["code"], run.json["tls"]["client_cert_requested"]) == (0, "ok", True), run.out
        run = world.check(server.port, *cert, *locked, "--key-password", client / "password")
        assert run.status == 0, run.out
        run = world.check(server.port, "--cert", client / "stranger.pem")
        assert (run.status, run.json["code"]) == (1, "client_cert_refused"), run.out
        assert run.json["subject"] and run.json["verified"] is True
        run = world.check(server.port, *cert, *locked)
        assert (run.status, run.json["code"]) == (1, "file_unreadable") and "encrypted" in run.json["message"]
        assert "s3cret" not in run.out + run.err


def test_client_certificate_and_a_server_that_then_keeps_quiet(world, good, client):
    """Without a ticket, data or alert the check ends after a moment, in good order."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(world.ca)
    context.num_tickets = 0

    def handler(connection, is_closed):
        with context.wrap_socket(connection, server_side=True):
            is_closed.wait(60)

    with Server(handler) as server:
        run = world.check(server.port, "--cert", client / "client.pem", "--key", client / "client.key")
    assert run.status == 0, run.out
    assert run.seconds < SOON and run.json["timings_ms"]["close"] > 500


def test_directories_of_authorities(world, good, tmp_path):
    plain, hashed, empty = (tmp_path / name for name in ("plain", "hashed", "empty"))
    for folder in (plain, hashed, empty):
        folder.mkdir()
    (plain / "other.crt").write_bytes(Authority("Other").pem())
    (plain / "root.pem").write_bytes(world.root.pem())
    (plain / "notes.pem").write_text("not a certificate")
    os.mkfifo(plain / "pipe.pem")
    (hashed / "root.pem").write_bytes(world.root.pem())
    subprocess.run(["openssl", "rehash", hashed], check=True)
    os.mkfifo(tmp_path / "pipe")
    with Server(lab.tls(good)) as server:
        host = f"localhost:{server.port}"
        for folder in (plain, hashed):
            assert Run(host, "--ca", folder).status == 0
        run = Run(host, "--ca", empty, "--json")
        assert (run.status, run.json["code"]) == (1, "file_unreadable") and "no usable certificate" in run.json["message"], run.out
        run = Run(host, "--ca", tmp_path / "pipe", "--json")
        assert (run.status, run.json["code"]) == (1, "file_unreadable"), run.out


@pytest.mark.parametrize("arguments,words", [
    (["--starttls", "smpt", "x"], "did you mean smtp?"),
    (["--starttls", "smtp"], "a host is missing"),
    (["--starttls-name", "a", "x"], "without starttls"),
    (["--proxy", "socks5://me:pw1234@p", "x"], "cannot hold user and password"),
    (["--proxy", "p:1", "x"], "not a proxy that is known"),
    (["--key", "k", "x"], "without cert"),
    (["--addresses", "some", "x"], "neither first nor all"),
    (["--tls-min", "1.3", "--tls-max", "1.2", "x"], "no version is left"),
    (["--name", "x:1", "x"], "has a port"),
    (["--connect-to", "", "x"], "a host is missing"),
    (["-5", "x"], "not understood"),
])
def test_usage(arguments, words):
    run = Run(*arguments)
    assert run.status == 2 and words in run.err and run.out == "", run.err
    assert "pw1234" not in run.err


def test_many_of_them_at_once(world, good):
    """A hundred checks of four kinds side by side, each ends by itself: those that say nothing until others have answered hold up nobody."""
    answers, holds_back = lab.one_behind_the_other(lab.talk(DIALOGUES["imap"], lab.tls(good)), 50)
    with Server(answers) as imap, Server(holds_back) as quiet, Server(lab.closes) as closing:
        hosts = [f"localhost:{(imap, quiet, closing, imap)[i % 4].port}" for i in range(100)]
        run = Run(*hosts, "--ca", world.ca, "--starttls", "imap", "--timeout", 60, "--json")
    codes = [re.search(r'"code":"(\w+)"', line)[1] for line in run.out.splitlines()]
    assert codes[0::4] == ["ok"] * 25 and codes[3::4] == ["ok"] * 25
    assert set(codes[1::4] + codes[2::4]) <= {"connection_closed", "connection_reset"}
