"""test_real_servers.py - every STARTTLS dialogue with a server that people run: `belfry check` beside `openssl s_client`."""
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization

sys.path.insert(0, os.path.dirname(__file__))

import real_servers
from real_servers import SERVERS, Real
from tls_world import World

# What OpenSSL calls a protocol that it knows too.
PEER = {"smtp": "smtp", "lmtp": "lmtp", "imap": "imap", "pop3": "pop3", "sieve": "sieve", "ftp": "ftp", "ldap": "ldap", "mysql": "mysql",
        "postgres": "postgres", "xmpp": "xmpp", "xmpp-server": "xmpp-server", "nntp": "nntp"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    reason = real_servers.why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("real")
    world = World(folder)
    leaf = world.leaf()
    world.chain, world.key = folder / "chain.pem", folder / "key.pem"
    world.chain.write_bytes(leaf.pem() + world.middle.pem())
    world.key.write_bytes(leaf.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    world.key.chmod(0o600)
    return world


@pytest.mark.parametrize("start", SERVERS, ids=lambda f: f.__name__)
def test_dialogue(world, start):
    home = world.folder / start.__name__
    home.mkdir()
    real = Real(home, world.key, world.chain, len(SERVERS[start]))
    try:
        start(real)
        for protocol, port in zip(SERVERS[start], real.ports):
            run = world.check(port, "--starttls", protocol)
            assert (run.status, run.json["code"]) == (0, "ok"), (protocol, run.out, real.output())
            assert run.json["target"]["starttls"] == protocol and run.json["chain_count"] >= 2
            run = world.check(port, "--starttls", protocol, "--name", "other.example")
            if protocol in ("xmpp", "xmpp-server"):  # prosody does not serve that domain
                assert run.json["code"] == "starttls_refused" and "host-unknown" in run.json["message"], run.out
            else:
                assert (run.status, run.json["code"]) == (9, "hostname_mismatch"), (protocol, run.out)
            if protocol in PEER:
                peer = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-starttls", PEER[protocol], "-CAfile", world.ca,
                                       "-name", "localhost", "-verify_return_error", "-brief"], input=b"", capture_output=True, timeout=60)
                assert peer.returncode == 0, (protocol, peer.stderr)
    finally:
        real.stop()
