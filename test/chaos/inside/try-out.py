"""Tries every way out that somebody outside would hear of. Usage: try-out.py ALLOWED CANARY ROUNDS

Each round says something to the canary, to an address that nobody has, and to an allowed host under a denied name.
"""

import socket
import ssl
import sys
import threading
import time

ALLOWED, CANARY = sys.argv[1:3]
ELSEWHERE = "203.0.113.9"
PATIENCE = 2


def tcp(address, port, text):
    with socket.create_connection((address, port), timeout=PATIENCE) as client:
        client.sendall(text)
        client.recv(1)


def udp(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"out", (address, port))


def named(name):
    tcp(socket.gethostbyname(name), 443, b"out")


def tls():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((ALLOWED, 443), timeout=PATIENCE) as client:
        context.wrap_socket(client, server_hostname="tls.denied.test").close()


def allowed():
    """Its address is pinned then: what comes after it gets as far as the proxy."""
    socket.gethostbyname("allowed.test")


def attempt(way):
    try:
        way()
    except OSError:
        pass


WAYS = (
    allowed,
    lambda: tcp(CANARY, 443, b"out"),
    lambda: tcp(ELSEWHERE, 8443, b"out"),
    lambda: udp(CANARY, 443),
    lambda: named(f"n{time.monotonic_ns()}.denied.test"),
    tls,
    lambda: tcp(ALLOWED, 80, b"GET / HTTP/1.1\r\nHost: http.denied.test\r\n\r\n"),
)

for _ in range(int(sys.argv[3])):
    try:
        threads = [threading.Thread(target=attempt, args=(way,), daemon=True) for way in WAYS]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE + 1)
    except RuntimeError:
        # There is no room for a thread: one after the other.
        for way in WAYS:
            attempt(way)
    time.sleep(1.5)
