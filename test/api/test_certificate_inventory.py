"""test_certificate_inventory.py - every certificate that a check has seen, where, and what it replaced; over HTTP."""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from conftest import Server as Belfry
from openssl_lab import DAY, Ca, Lab, openssl
from test_certificate_jobs import DAILY, run_now
from tls_lab import Server

CHECK = "/api/v1/certificates/check"
LIST = "/api/v1/certificates"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Lab(tmp_path_factory.mktemp("inventory"))


@pytest.fixture
def belfry(tmp_path):
    server = Belfry(tmp_path).start()
    yield server
    server.stop()


class Turning:
    """A server that shows one bundle after the other, as told."""

    def __init__(self, *bundles):
        self.handlers = [lab.tls(b) for b in bundles]
        self.turn = 0
        self.server = Server(lambda c, closed: self.handlers[self.turn](c, closed))
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()


def print_of(cert):
    return cert.sha256().replace(":", "").lower()


def check(belfry, port, shop, host="localhost", **more):
    reply = belfry.post(CHECK, json={"host": host, "port": port, "ca": str(shop.ca(shop.root)), **more})
    assert reply.status_code == 200, reply.text
    return reply.json()


def listed(belfry, **query):
    reply = belfry.get(LIST, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def wait_for(condition):
    """What was seen is written a moment after the check is answered."""
    assert lab.wait_until(condition)


def test_an_empty_one(belfry):
    assert listed(belfry) == {"total": 0, "certificates": [], "next_cursor": None}
    for path in "", "/pem", "/sightings":
        reply = belfry.get(f"{LIST}/{'0' * 64}{path}")
        assert reply.status_code == 404 and reply.json()["code"] == "certificate_not_found"
    assert belfry.get(LIST + "/xyz").status_code == 422
    assert belfry.get(LIST + "/check").status_code == 422  # which is for POST


def test_what_a_check_has_seen(belfry, shop):
    leaf = shop.middle.leaf()
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        told = check(belfry, server.port, shop)
        assert told["changed"] is None
        wait_for(lambda: listed(belfry)["total"] == 2)
        check(belfry, server.port, shop, host="LOCALHOST")
    rows = listed(belfry)["certificates"]
    assert [r["sha256"] for r in rows] == [print_of(leaf), print_of(shop.middle)]
    row = rows[0]
    assert (row["subject"], row["issuer"]) == ("CN = localhost", "O = Belfry Lab, CN = Lab Middle")
    assert row["sans"] == ["DNS:localhost", "IP:127.0.0.1"] and row["key"] == "EC P-256" and row["places"] == 1
    assert row["serial"] == told["serial"] and row["not_after"] == told["not_after"] and row["days_left"] == told["days_left"]
    full = belfry.get(f"{LIST}/{print_of(leaf).upper()}").json()
    for member in ("sha256", "subject", "serial", "spki_sha256", "signature", "key_type", "der_bytes", "sans", "key_usage"):
        assert full[member] == told["chain"][0][member]
    assert full["chain"] == [print_of(shop.middle)] and full["replaced"] is None and full["places"] == 1
    place, = full["sightings"]
    assert (place["host"], place["port"], place["starttls"], place["sni"]) == ("localhost", server.port, None, None)
    assert place["address"] == f"127.0.0.1:{server.port}" and place["current"] is True and place["status"] == "ok" and place["position"] == 0
    above = belfry.get(f"{LIST}/{print_of(shop.middle)}/sightings").json()["sightings"]
    assert [(s["host"], s["position"]) for s in above] == [("localhost", 1)]


def test_pem(belfry, shop):
    leaf = shop.middle.leaf()
    with Server(lab.tls(leaf.bundle(shop.middle, shop.root))) as server:
        check(belfry, server.port, shop)
    wait_for(lambda: listed(belfry)["total"] == 3)
    reply = belfry.get(f"{LIST}/{print_of(leaf)}/pem")
    assert reply.headers["content-type"] == "application/x-pem-file"
    assert reply.content == leaf.pem() + shop.middle.pem() + shop.root.pem()
    assert belfry.get(f"{LIST}/{print_of(shop.root)}/pem").content == shop.root.pem()


def test_changed(belfry, shop):
    first, second = shop.middle.leaf(), shop.middle.leaf()
    with Turning(first.bundle(shop.middle), second.bundle(shop.middle)) as server:
        assert check(belfry, server.port, shop)["changed"] is None
        assert check(belfry, server.port, shop)["changed"] is None
        server.turn = 1
        told = check(belfry, server.port, shop, severity={"certificate_changed": "warning"})
        assert told["changed"] == {"previous_sha256": print_of(first)} and told["code"] == "certificate_changed"
        assert check(belfry, server.port, shop)["changed"] is None
        wait_for(lambda: belfry.get(f"{LIST}/{print_of(second)}").status_code == 200)
        assert belfry.get(f"{LIST}/{print_of(second)}").json()["replaced"] == print_of(first)
        past, = belfry.get(f"{LIST}/{print_of(first)}/sightings").json()["sightings"]
        assert past["current"] is False
        assert {r["sha256"] for r in listed(belfry, current=True)["certificates"]} == {print_of(second), print_of(shop.middle)}
        server.turn = 0  # rolled back
        assert check(belfry, server.port, shop)["changed"] == {"previous_sha256": print_of(second)}


def test_changed_is_remembered_over_a_restart(belfry, shop):
    first, second = shop.middle.leaf(), shop.middle.leaf()
    with Turning(first.bundle(shop.middle), second.bundle(shop.middle)) as server:
        check(belfry, server.port, shop)
        belfry.stop()
        belfry.start()
        server.turn = 1
        assert check(belfry, server.port, shop)["changed"] == {"previous_sha256": print_of(first)}


def test_jobs_and_the_monitors_calls_are_seen_too(belfry, shop):
    leaves = [shop.middle.leaf() for _ in range(3)]
    servers = [Server(lab.tls(leaf.bundle(shop.middle))) for leaf in leaves]
    belfry.put("/api/v1/jobs/one", json={"certificate": f"localhost:{servers[0].port}", "trigger": DAILY})
    run_now(belfry, "one")
    belfry.put("/api/v1/jobs/list", json={"certificate": {"hosts": [f"localhost:{servers[1].port}"]}, "trigger": DAILY})
    run_now(belfry, "list")
    belfry.post(f"/x509/check_host_certificate/?host=localhost:{servers[2].port}")
    wait_for(lambda: listed(belfry)["total"] == 4)
    assert {r["sha256"] for r in listed(belfry)["certificates"]} == {print_of(c) for c in (*leaves, shop.middle)}
    for server in servers:
        server.close()


def test_a_changed_certificate_of_a_job(belfry, shop):
    first, second = shop.middle.leaf(), shop.middle.leaf()
    with Turning(first.bundle(shop.middle), second.bundle(shop.middle)) as server:
        belfry.put("/api/v1/jobs/one", json={"certificate": f"localhost:{server.port}", "trigger": DAILY, "args": [f"ca={shop.ca(shop.root)}"]})
        assert run_now(belfry, "one")["result"]["changed"] is None
        server.turn = 1
        assert run_now(belfry, "one")["result"]["changed"] == {"previous_sha256": print_of(first)}


def test_endpoints_are_apart(belfry, shop):
    """Another port, STARTTLS or name is another endpoint, with a past of its own."""
    leaves = [shop.middle.leaf() for _ in range(3)]
    with Server(lab.tls(leaves[0].bundle(shop.middle))) as a, \
            Server(lab.talk(lab.DIALOGUES["smtp"], lab.tls(leaves[1].bundle(shop.middle)))) as b:
        assert check(belfry, a.port, shop)["changed"] is None
        assert check(belfry, b.port, shop, starttls="smtp")["changed"] is None
        assert check(belfry, a.port, shop, name="127.0.0.1")["changed"] is None
        wait_for(lambda: len(belfry.get(f"{LIST}/{print_of(leaves[0])}/sightings").json().get("sightings", [])) == 2)
    assert {s["sni"] for s in belfry.get(f"{LIST}/{print_of(leaves[0])}/sightings").json()["sightings"]} == {None, "127.0.0.1"}
    place, = belfry.get(f"{LIST}/{print_of(leaves[1])}/sightings").json()["sightings"]
    assert place["starttls"] == "smtp"


def test_pages_and_filters(belfry, shop):
    other = Ca(shop.folder, "Another CA", shop.root)
    leaves = [shop.middle.leaf(end=days * DAY) for days in (50, 20, 40, -1 / 24)] + [other.leaf(end=30 * DAY)]
    for i, leaf in enumerate(leaves):
        with Server(lab.tls(leaf.bundle(leaf.issuer))) as server:
            check(belfry, server.port, shop, **({"connect_to": "127.0.0.1", "host": "other.example"} if i == 4 else {}))
    wait_for(lambda: listed(belfry)["total"] == 7)
    order = [print_of(leaves[i]) for i in (3, 1, 4, 2, 0)]
    assert [r["sha256"] for r in listed(belfry)["certificates"]][:5] == order
    seen, cursor = [], None
    while True:
        page = listed(belfry, limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == 7 and len(page["certificates"]) <= 2
        seen += [r["sha256"] for r in page["certificates"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen[:5] == order and len(seen) == len(set(seen)) == 7

    def named(**query):
        return [r["sha256"] for r in listed(belfry, **query)["certificates"]]

    assert named(expires="35d") == order[:3] and named(expires=0) == order[:1]
    assert named(host="Other.Example") == [order[2], print_of(other)]
    assert named(issuer="another") == [order[2]] and named(issuer="lab MIDDLE", expires="45d") == [order[0], order[1], order[3]]
    assert named(sort="not_after", limit=1) == order[:1]
    for bad in ({"sort": "name"}, {"expires": "soon"}, {"limit": 0}, {"current": "perhaps"}):
        assert belfry.get(LIST, params=bad).status_code == 422


def test_all_names_in_detail(belfry, shop):
    leaf = shop.middle.leaf(sans="@many", ext=("[many]", "DNS=localhost", *(f"DNS.{i}=h{i}.example" for i in range(500))))
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        assert len(check(belfry, server.port, shop)["sans"]) == 100
    wait_for(lambda: listed(belfry)["total"] == 2)
    assert len(listed(belfry)["certificates"][0]["sans"]) == 100
    assert len(belfry.get(f"{LIST}/{print_of(leaf)}").json()["sans"]) == 501


def test_bad_certificates_are_kept_as_well(belfry, shop):
    leaf = shop.middle.leaf(start=-90 * DAY, end=-DAY)
    with Server(lab.tls(leaf.bundle(shop.middle))) as server:
        check(belfry, server.port, shop)
    wait_for(lambda: listed(belfry)["total"] == 2)
    place, = belfry.get(f"{LIST}/{print_of(leaf)}/sightings").json()["sightings"]
    assert (place["status"], place["code"]) == ("critical", "expired")


def test_a_server_that_shows_another_each_time(belfry, shop, tmp_path):
    """Certificates signed with one key by the hundred: what is kept has an end."""
    key = tmp_path / "key.pem"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    config = tmp_path / "req.cnf"
    config.write_text("[req]\ndistinguished_name=dn\n[dn]\n")
    state = {"n": 0}

    def handler(connection, closed):
        state["n"] += 1
        bundle = tmp_path / "bundle.pem"
        pem = openssl("req", "-x509", "-new", "-config", config, "-key", key, "-subj", f"/CN=c{state['n']}", "-days", "9")
        bundle.write_bytes(key.read_bytes() + pem)
        lab.tls(str(bundle))(connection, closed)

    with Server(handler) as server:
        for _ in range(130):
            assert belfry.post(CHECK, json={"host": f"localhost:{server.port}"}).status_code == 200
    wait_for(lambda: any(r["subject"] == "CN = c130" for r in listed(belfry, limit=1000)["certificates"]))
    assert listed(belfry)["total"] == 100


def test_a_check_a_second_writes_once_a_minute(belfry, shop):
    with Server(lab.tls(shop.middle.leaf().bundle(shop.middle))) as server:
        check(belfry, server.port, shop)
        wait_for(lambda: listed(belfry)["total"] == 2)
        before = belfry.get("/api/v1/status").json()["store"]["writes"]
        for _ in range(50):
            check(belfry, server.port, shop)
        time.sleep(0.2)
        assert belfry.get("/api/v1/status").json()["store"]["writes"] <= before + 1
