"""test_certificate_api.py - certificate checks over HTTP: what is asked for, all that is told, and what it must not be."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from openssl_lab import DAY, Ca, Lab, found
from tls_lab import Server

URL = "/api/v1/certificates/check"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("api"))


@pytest.fixture(scope="module")
def good(shop):
    with Server(lab.tls(shop.middle.leaf().bundle(shop.middle))) as server:
        yield server


class Told:
    """A reply as openssl_lab looks at results."""

    def __init__(self, reply):
        self.json = reply.json()


def ask(server, port, shop, host="localhost", **more):
    return server.post(URL, json={"host": host, "port": port, "ca": str(shop.ca(shop.root)), **more})


def test_a_good_one(server, shop, good):
    reply = ask(server, good.port, shop)
    assert reply.status_code == 200, reply.text
    told = reply.json()
    assert (told["status"], told["code"], told["verified"], told["host_ok"], told["trust"]) == ("ok", "ok", True, True, "custom")
    assert told["target"]["host"] == "localhost" and told["target"]["port"] == good.port
    assert len(told["chain"]) == 2 and told["serial"].isdigit() and told["sans"] == ["DNS:localhost", "IP:127.0.0.1"]
    assert server.post(URL, json={"host": f"localhost:{good.port}", "ca": str(shop.ca(shop.root))}).json()["status"] == "ok"


def test_a_bad_one_is_told_in_full(server, shop):
    leaf = shop.middle.leaf(sans="DNS:x.example", start=-90 * DAY, end=-DAY, key="rsa:1024")
    with Server(lab.tls(leaf.bundle(shop.middle))) as bad:
        reply = ask(server, bad.port, shop)
    assert reply.status_code == 200 and reply.json()["status"] == "critical"
    assert found(Told(reply)) == ["expired@0", "hostname_mismatch@0", "weak_key@0"]


def test_authorities_in_the_request(server, shop, good):
    roots = shop.root.pem().decode()
    assert server.post(URL, json={"host": "localhost", "port": good.port, "ca": shop.other.pem().decode() + roots}).json()["status"] == "ok"
    told = server.post(URL, json={"host": "localhost", "port": good.port, "ca": shop.other.pem().decode()}).json()
    assert told["code"] == "untrusted_root"
    reply = server.post(URL, json={"host": "localhost", "port": good.port, "ca": "-----BEGIN CERTIFICATE-----\nAAAA\n"})
    assert reply.status_code == 502 and "ca holds no usable certificate" in reply.json()["detail"]


OPTIONS = [
    ({"warning": "60d"}, "ok"),  # less than 91 days and a day
    ({"warning": "95d"}, "expires_soon"),
    ({"warn": "100%"}, "expires_soon"),
    ({"critical": "95d", "severity": {"expires_soon": "ok"}}, "ok"),
    ({"pins": ["00" * 32]}, "pin_mismatch"),
    ({"pin": "00" * 32}, "pin_mismatch"),
    ({"sni": "other.example"}, "hostname_mismatch"),
    ({"name": "127.0.0.1"}, "ok"),
    ({"ct": "required"}, "ct_missing"),
    ({"tls_min": 1.2, "tls_max": 1.2}, "ok"),
    ({"family": 4, "addresses": "all", "timeout": "5s"}, "ok"),
    ({"revocation": ["ocsp", "crl"], "alpn": None}, "ok"),
]


@pytest.mark.parametrize("options,code", OPTIONS)
def test_options(server, shop, good, options, code):
    reply = ask(server, good.port, shop, **options)
    assert reply.status_code == 200 and reply.json()["code"] == code, reply.text


def test_behind_starttls_and_a_proxy(server, shop):
    secure = lab.tls(shop.middle.leaf().bundle(shop.middle))
    asked = []
    with Server(lab.talk(lab.DIALOGUES["smtp"], secure)) as mail, Server(lab.http_proxy(asked)) as proxy:
        told = ask(server, mail.port, shop, starttls="smtp", proxy=f"http://127.0.0.1:{proxy.port}").json()
    assert told["code"] == "ok" and told["target"]["starttls"] == "smtp" and asked == [f"localhost:{mail.port}"]


def test_nobody_there(server, shop):
    reply = ask(server, lab.refused_port(), shop)
    told = reply.json()
    assert reply.status_code == 502 and told["code"] == "host_unreachable" and told["status"] == 502
    assert told["result"]["status"] == "error" and told["result"]["code"] == "connect_refused" and told["result"]["chain"] is None
    with Server(lab.silent) as quiet:
        reply = ask(server, quiet.port, shop, timeout=2)
    assert reply.status_code == 504 and reply.json()["result"]["code"] == "handshake_timeout"
    with Server(lab.says(b"SSH-2.0-x\r\n")) as other:
        reply = ask(server, other.port, shop)
    assert reply.status_code == 502 and reply.json()["result"]["code"] == "not_tls" and "SSH" in reply.json()["hint"]


def test_a_handshake_that_fails_after_the_certificate(server, shop):
    """The certificate was seen, so it is told."""
    def hangs_up(connection, closed):
        with Server(lab.tls(shop.middle.leaf().bundle(shop.middle), highest=lab.ssl.TLSVersion.TLSv1_2)) as inner, \
                lab.socket.create_connection(("127.0.0.1", inner.port)) as other:
            other.sendall(connection.recv(4096))
            connection.sendall(other.recv(65536))
    with Server(hangs_up) as server_:
        reply = ask(server, server_.port, shop, tls_max="1.2")
    assert reply.status_code == 200 and reply.json()["code"] in ("connection_closed", "connection_reset") and reply.json()["subject"] is not None, reply.text


@pytest.mark.parametrize("body,loc,words", [
    ({}, ["body", "host"], "required"),
    ({"host": 7}, ["body", "host"], "not a text"),
    ({"host": "a b"}, ["body", "host"], ""),
    ({"host": "http://a/"}, ["body", "host"], ""),
    ({"host": "a", "port": 70000}, ["body", "port"], "1 to 65535"),
    ({"host": "a", "timeout": "1d"}, ["body", "timeout"], "minutes"),
    ({"host": "a", "starttls": "smpt"}, ["body", "starttls"], "does not know"),
    ({"host": "a", "strattls": "smtp"}, ["body", "strattls"], "Extra inputs"),
    ({"host": "a", "pins": ["x"]}, ["body", "pins"], "SHA-256"),
    ({"host": "a", "proxy": "http://me:pw1234@p"}, ["body", "proxy"], "cannot hold"),
    ({"host": "a", "key": "/k"}, ["body", "key"], "without cert"),
    ({"host": "a", "severity": {"x": "ok"}}, ["body", "severity"], "x"),
])
def test_what_cannot_be_meant(server, body, loc, words):
    reply = server.post(URL, json=body)
    assert reply.status_code == 422, reply.text
    item = reply.json()["detail"][0]
    assert item["loc"] == loc and words in item["msg"], item
    assert "pw1234" not in item["msg"]


def test_keys_are_not_repeated(server, shop, tmp_path):
    """Files of keys and passwords: their names may be told, what is in them never."""
    leaf = shop.middle.leaf(usage="clientAuth")
    password = tmp_path / "password"
    password.write_text("hunter2-secret\n")
    secret = leaf.key.read_text().splitlines()[1]
    with Server(lab.tls(shop.middle.leaf().bundle(shop.middle), client_ca=str(shop.ca(shop.root)))) as picky:
        for more in ({"cert": str(leaf.cert), "key": str(leaf.key)}, {"cert": str(leaf.cert), "key": str(password)},
                     {"cert": str(leaf.cert), "key": str(leaf.key), "key_password": str(password)}):
            reply = ask(server, picky.port, shop, **more)
            assert "hunter2" not in reply.text and secret not in reply.text
    log = server.log.read_text()
    assert "hunter2" not in log and secret not in log
    assert not any(word in path.read_bytes() for path in server.home.rglob("*") if path.is_file() for word in (b"hunter2", secret.encode()))


def test_denied(tmp_path):
    from conftest import Server as Belfry
    belfry = Belfry(tmp_path, "--tls-deny", "127.0.0.0/8,::1").start()
    try:
        reply = belfry.post(URL, json={"host": "localhost:1"})
        assert reply.status_code == 403 and reply.json()["result"]["code"] == "target_denied"
    finally:
        belfry.stop()


def test_many_at_once(server, shop, good):
    import concurrent.futures
    body = {"host": "localhost", "port": good.port, "ca": str(shop.ca(shop.root))}
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: server.post(URL, json=body).json(), range(200)))
    assert [reply for reply in replies if reply["code"] != "ok"] == []


def test_check_replies_keep_to_their_schema(server, shop, good):
    import jsonschema
    document = server.get("/openapi.json").json()
    schema = document["paths"][URL]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    told = ask(server, good.port, shop).json()
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(told)
    schemas = document["components"]["schemas"]
    assert set(told) == set(schemas["CertificateCheckResult"]["properties"])
    assert set(told["chain"][0]) == set(schemas["CertificateOfChain"]["properties"])
