"""test_cert_cli.py - belfry cert: what the server's checks have seen, for a person and for a pipe."""
import json
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

import tls_lab as lab
from openssl_lab import DAY, Lab
from test_certificate_inventory import Turning, belfry, check, listed, print_of, shop  # noqa: F401
from test_cli import NOT_FOUND, USAGE, cli
from tls_lab import Server


@pytest.fixture
def seen(belfry, shop):  # noqa: F811
    """Three leaves: one that ends soon, one that took the place of another."""
    old, new, soon = shop.middle.leaf(), shop.middle.leaf(), shop.middle.leaf(end=5 * DAY)
    with Turning(old.bundle(shop.middle), new.bundle(shop.middle)) as turning, Server(lab.tls(soon.bundle(shop.middle))) as other:
        check(belfry, turning.port, shop)
        turning.turn = 1
        check(belfry, turning.port, shop)
        check(belfry, other.port, shop, host="soon.example", connect_to="127.0.0.1")
        assert lab.wait_until(lambda: listed(belfry)["total"] == 4)
    return {"old": print_of(old), "new": print_of(new), "soon": print_of(soon), "middle": print_of(shop.middle)}


def names(text):
    return text.split()


def test_list(belfry, seen):  # noqa: F811
    assert names(cli(belfry, "cert", "list", "-o", "name")) == [seen["soon"], seen["new"], seen["middle"]]
    assert set(names(cli(belfry, "cert", "list", "--all", "-o", "name"))) == set(seen.values())
    assert names(cli(belfry, "cert", "list", "--expires", "30d", "-o", "name")) == [seen["soon"]]
    assert names(cli(belfry, "cert", "list", "--host", "soon.example", "--issuer", "lab middle", "-o", "name")) == [seen["soon"]]
    assert "no certificate is like that" in cli(belfry, "cert", "list", "--expires", "1d").err
    said = cli(belfry, "cert", "list", "--limit", "1")
    assert said.count("\n") == 2 and "the first 1 of 3" in said.err
    assert said.splitlines()[0].split() == ["ENDS", "LEFT", "NAME", "ISSUER", "PLACES"]
    wide = cli(belfry, "cert", "list", "-o", "wide").splitlines()
    assert wide[0].split()[-2:] == ["KEY", "SHA256"] and wide[1].split()[-1] == seen["soon"]
    assert "localhost +1" in said
    assert json.loads(cli(belfry, "cert", "list", "-o", "json"))["total"] == 3


def test_show(belfry, seen):  # noqa: F811
    said = cli(belfry, "cert", "show", seen["new"])
    assert said.startswith(seen["new"]) and f"replaced     {seen['old']}" in said and "seen at" in said
    assert "CN = localhost" in said and "DNS:localhost" in said and "EC 256" in said
    assert "until" in cli(belfry, "cert", "show", seen["old"])
    assert cli(belfry, "cert", "show", "soon.example").startswith(seen["soon"])
    assert json.loads(cli(belfry, "cert", "show", "soon.example", "-o", "json"))["sha256"] == seen["soon"]


def test_export(belfry, seen, shop):  # noqa: F811
    said = cli(belfry, "cert", "export", "soon.example")
    assert said.count("BEGIN CERTIFICATE") == 2 and said.endswith(shop.middle.pem().decode())


def test_what_is_not_there(belfry, tmp_path):  # noqa: F811
    assert "no certificates" in cli(belfry, "cert", "list").err
    assert "no certificate of the host" in cli(belfry, "cert", "show", "x.example", status=NOT_FOUND).err
    assert "Certificate not found" in cli(belfry, "cert", "export", "0" * 64, status=NOT_FOUND).err
    for words in (["cert"], ["cert", "show"], ["cert", "lits"], ["cert", "list", "x"], ["cert", "list", "--lmit", "1"]):
        cli(belfry, *words, status=USAGE)
