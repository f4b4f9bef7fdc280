"""peer_tls.py PORT COUNT IN_FLIGHT - the certificate check of the second post, for bench/tls.c: prints rate and CPU us.

The post's way: a TLS 1.2 handshake with Python's ssl that verifies nothing, then python-cryptography for the fields.
"""
import datetime
import os
import resource
import socket
import ssl
import sys
import threading
import time
import warnings

from cryptography import x509

warnings.simplefilter("ignore")


def check(host, port):
    context = ssl.SSLContext(ssl.PROTOCOL_TLSv1_2)
    with socket.create_connection((host, port)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            pem = ssl.DER_cert_to_PEM_cert(secure.getpeercert(True))
    certificate = x509.load_pem_x509_certificate(pem.encode())
    end = certificate.not_valid_after
    return end, (end - datetime.datetime.now()).days, repr(certificate.subject), certificate.serial_number


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


port, count, in_flight = (int(a) for a in sys.argv[1:])
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
check("127.0.0.1", port)
left = iter(range(count))
lock = threading.Lock()


def work():
    while True:
        with lock:
            if next(left, None) is None:
                return
        check("127.0.0.1", port)


threads = [threading.Thread(target=work) for _ in range(in_flight)]
start, before = time.monotonic(), cpu()
for t in threads:
    t.start()
for t in threads:
    t.join()
print(count / (time.monotonic() - start), (cpu() - before) / count * 1e6)
