"""test_alerts_certificates.py - certificates that change, come near their end, go bad, cannot be reached, are good again: what is told,
and what /metrics says of them, by our names and by those of other exporters."""
import datetime
import json
import re
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from test_alerts import Receiver, alerts, channel, run, wait_for


def certificate(folder, name, left, lifetime):
    """A PEM file (key and self-signed certificate of localhost) with so many days left."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    end = datetime.datetime.utcnow() + datetime.timedelta(days=left)
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(end - datetime.timedelta(days=lifetime)).not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256()))
    path = folder / name
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
                     + cert.public_bytes(serialization.Encoding.PEM))
    return path


class TlsServer:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.context = None
        threading.Thread(target=self.serve, daemon=True).start()

    def show(self, pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if pem else None
        if pem:
            context.load_cert_chain(pem)
        self.context = context

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            try:
                if self.context:
                    connection.settimeout(60)
                    with self.context.wrap_socket(connection, server_side=True) as tls:
                        tls.recv(1)
            except OSError:
                pass
            finally:
                connection.close()


@pytest.fixture
def world(tmp_path, belfry_factory):
    pems = {"good": certificate(tmp_path, "good.pem", 80, 90), "near": certificate(tmp_path, "near.pem", 20, 90),
            "expired": certificate(tmp_path, "expired.pem", -2, 90)}
    ca = tmp_path / "ca.pem"
    ca.write_bytes(b"".join(p.read_bytes().split(b"-----END PRIVATE KEY-----\n")[1] for p in pems.values()))
    tls, receiver = TlsServer(), Receiver()
    server = belfry_factory(tmp_path / "belfry", "--ca-file", str(ca), "--metrics-compat", "blackbox,ssl_exporter")
    yield server, tls, receiver, pems
    tls.socket.close()
    receiver.end()


def test_a_certificate_through_its_life(world):
    server, tls, receiver, pems = world
    channel(server, "ops", {"kind": "webhook", "url": receiver.url})
    on = ["cert_warning", "cert_critical", "cert_error", "cert_changed", "cert_recovered"]
    reply = server.put("/api/v1/jobs/tls", json={"certificate": f"localhost:{tls.port}", "trigger": {"type": "manual"},
                                                 "notify": [{"channel": "ops", "on": on}]})
    assert reply.status_code == 201, reply.text
    seen = 0

    def check(pem, *expected):
        nonlocal seen
        tls.show(pem)
        run(server, "tls")
        wait_for(lambda: len(receiver.got) >= seen + len(expected))
        told = [e["event"] for e in receiver.events()[seen:]]
        assert sorted(told) == sorted(expected), receiver.events()[seen:]
        seen += len(expected)

    check(pems["good"])
    check(pems["near"], "cert_changed", "cert_warning")
    event = [e for e in receiver.events() if e["event"] == "cert_warning"][0]
    assert event["target"] == f"localhost:{tls.port}" and event["title"] == f"certificate of localhost:{tls.port} needs a look"
    check(pems["near"])  # told already
    check(pems["expired"], "cert_changed", "cert_critical")
    check(None, "cert_error")
    check(None)
    wait_for(lambda: alerts(server, state="open")[0]["count"] == 2)
    incident = alerts(server, state="open")[0]
    assert incident["kind"] == "certificate" and incident["target"] == f"localhost:{tls.port}" and incident["count"] == 2
    check(pems["good"], "cert_recovered", "cert_changed")  # another one than before it could not be looked at
    wait_for(lambda: not alerts(server, state="open"))


def values(server):
    found = {}
    for line in server.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-z_0-9]+)(\{.*\})? (\S+)", line).groups()
            found.setdefault(name, []).append((dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), float(value)))
    return found


def test_metrics(world):
    server, tls, _, pems = world
    assert server.put("/api/v1/jobs/tls", json={"certificate": f"localhost:{tls.port}", "trigger": {"type": "manual"}}).status_code == 201
    tls.show(pems["near"])
    run(server, "tls")
    cert = x509.load_pem_x509_certificate(pems["near"].read_bytes())
    end = cert.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
    m = values(server)
    where = {"job_id": "tls", "host": "localhost", "port": str(tls.port)}
    assert m["belfry_cert_not_after_timestamp_seconds"] == [({**where, "subject_cn": "localhost", "issuer_cn": "localhost"}, end)]
    assert m["belfry_cert_check_success"] == [(where, 1)] and m["belfry_cert_chain_valid"] == [(where, 1)]
    assert m["belfry_cert_check_severity"][0][1] == 1
    assert {labels["phase"] for labels, _ in m["belfry_cert_check_duration_seconds_count"]} >= {"connect", "tls"}
    instance = {"instance": f"localhost:{tls.port}", "job_id": "tls"}
    assert m["probe_success"] == [(instance, 1)] and m["ssl_probe_success"] == [(instance, 1)]
    assert m["probe_ssl_earliest_cert_expiry"] == [(instance, end)] and m["probe_duration_seconds"][0][1] > 0
    assert m["ssl_cert_not_after"] == [({**instance, "serial_no": str(cert.serial_number), "issuer_cn": "localhost", "cn": "localhost",
                                         "dnsnames": ",localhost,"}, end)]
    assert m["probe_tls_version_info"] == [({**instance, "version": "TLS 1.3"}, 1)]
    assert m["probe_ssl_last_chain_expiry_timestamp_seconds"] == [(instance, end)]
    assert m["probe_tls_cipher_info"][0][0]["cipher"].startswith("TLS_")
    assert m["probe_ssl_last_chain_info"][0][0]["fingerprint_sha256"] == cert.fingerprint(hashes.SHA256()).hex()
    tls.show(pems["expired"])
    run(server, "tls")
    m = values(server)
    assert m["belfry_cert_check_success"] == [(where, 0)] and m["belfry_cert_chain_valid"] == [(where, 0)] and m["probe_success"] == [(instance, 0)]
    server.delete("/api/v1/jobs/tls")
    assert "belfry_cert_check_success" not in values(server)


def test_many_hosts_of_one_job(world):
    server, tls, receiver, pems = world
    other = TlsServer()
    try:
        channel(server, "ops", {"kind": "webhook", "url": receiver.url})
        tls.show(pems["good"])
        other.show(pems["expired"])
        reply = server.put("/api/v1/jobs/all", json={"certificate": {"hosts": [f"localhost:{tls.port}", f"localhost:{other.port}"]},
                                                     "trigger": {"type": "manual"}, "notify": [{"channel": "ops", "on": ["cert_critical"]}]})
        assert reply.status_code == 201, reply.text
        run(server, "all")
        told = wait_for(receiver.events)
        assert [e["target"] for e in told] == [f"localhost:{other.port}"]
        assert {labels["port"]: value for labels, value in values(server)["belfry_cert_check_success"]} == {str(tls.port): 1, str(other.port): 0}
    finally:
        other.socket.close()


def test_unknown_exporters_are_refused(tmp_path, belfry_factory):
    server = belfry_factory(tmp_path, "--metrics-compat", "blackbox,nagios", start=False)
    with pytest.raises(AssertionError):
        server.start()
    assert "nagios" in server.read_log()
