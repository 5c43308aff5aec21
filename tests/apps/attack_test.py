"""Hostile connections stop no node, and take nothing from it. A number as last argument sets for
how many seconds each test attacks; a second one repeats the choices of a run."""

import os
import random
import socket
import struct
import sys
import time

from attack import (DIRECT, LENGTHS, LIARS, another, attack, header, memory, recorded_handshake,
                    request)
from cluster import Writer
from harness import Node, closed_within, equal, eventually, main

SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 5
SEED = sys.argv[4] if len(sys.argv) > 4 else os.environ.get(
    'SUPERCACHE_SEED') or str(random.randrange(100_000))

# Here attackers hold 160 connections of at most a megabyte at once, and the node may have taken
# four times as much for each.
PEAK = 400


def connected(node, handshake):
    s = socket.create_connection(('127.0.0.1', node.port), 10)
    s.sendall(another(handshake, random.Random()))
    return s


def check_memory(node, before):
    if not node.sanitized():
        peak = memory(node, 'VmHWM')
        assert peak < before + PEAK, f'{before} MB before, {peak} MB at most'


def test_an_attack_with_everything():
    print(f'seed {SEED}', flush=True)
    with Node('--log-level', 'info') as node:
        node.ask('put', 'before', '1')
        before = memory(node)
        count, probe = attack(node, SECONDS, SEED)
        print(f'{count} connections, {probe.answers} probes, the longest {probe.longest:.2f} s, '
              f'{memory(node, "VmHWM"):.0f} MB at most, {before:.0f} MB before, '
              f'{memory(node):.0f} MB after', flush=True)
        equal(probe.failures, [])
        assert count > 20 and probe.answers > 20
        check_memory(node, before)
        equal(node.ask('get', 'before'), '{"before", 1}')
        equal(node.stop()[0], 0)


def test_96_bytes():
    """A handshake and a header: memory is taken for what arrives, not for what is announced."""
    handshake = recorded_handshake()
    with Node() as node:
        node.ask('put', '1', 'a')
        before = memory(node)
        held = []
        for length in LENGTHS:
            s = connected(node, handshake)
            s.sendall(header(DIRECT, length, source=5, to=1))
            held.append(s)
            equal(node.ask('get', '1'), '{1, "a"}')
        if not node.sanitized():
            assert memory(node, 'VmHWM') < before + 20, memory(node, 'VmHWM')
        for s, length in zip(held, LENGTHS):
            if length > 0x4400_0000:
                assert closed_within(s, 20), length
        for s in held:
            s.close()


def test_who_announces_and_does_not_send_is_given_up():
    handshake = recorded_handshake()
    with Node() as node:
        held = [connected(node, handshake) for _ in range(3)]
        for s, length in zip(held, (100, 1 << 20, 1 << 29)):
            s.sendall(header(DIRECT, length, source=5, to=1) + b'x' * 50)
        for s in held:
            assert closed_within(s, 40)
        assert 'what it announced does not come' in node.log(), node.log()


def test_contents_that_claim_more_than_there_is():
    handshake = recorded_handshake()
    with Node() as node:
        node.ask('put', '1', 'a')
        before = memory(node)
        for content in LIARS:
            with connected(node, handshake) as s:
                s.sendall(b''.join(request(content, to) for to in range(1, 40)))
            equal(node.ask('get', '1'), '{1, "a"}')
        if not node.sanitized():
            assert memory(node, 'VmHWM') < before + 60, memory(node, 'VmHWM')


def test_names_that_change():
    """One connection is one node; what is known about nodes goes with their connections."""
    handshake = recorded_handshake()
    with Node() as node:
        with connected(node, handshake) as s:
            s.sendall(another(handshake, random.Random()))
            assert closed_within(s, 20)
        with socket.create_connection(('127.0.0.1', node.port), 10) as s:
            # An answer to a call that was never made.
            s.sendall(struct.pack('>BBBBIQQQ', 0, 0, 0, 0, 10, 3, 0, 0) + bytes(10))
            assert closed_within(s, 20)
        equal(node.ask('put', '1', 'a'), 'stored {1, "a"}')


def test_handshakes_that_do_not_end():
    """However many handshakes are unfinished, other connections are accepted."""
    with Node() as node:
        held = [socket.create_connection(('127.0.0.1', node.port), 10) for _ in range(400)]
        equal(node.ask('put', '1', 'a'), 'stored {1, "a"}')
        start = time.monotonic()
        for s in held:
            with s:
                assert closed_within(s, 20), time.monotonic() - start


def test_memory_of_frames_is_bounded():
    """A peer that sends much of more than memory can hold must wait; no other peer does."""
    handshake = recorded_handshake()
    with Node() as node, Writer(node) as writer:
        equal(writer.put('probe', 1), None)
        before, held = memory(node), []
        for _ in range(12):
            s = connected(node, handshake)
            s.setblocking(False)
            s.send(header(DIRECT, 1 << 30, source=5, to=1))
            held.append(s)
        block, end, sent = bytes(1 << 20), time.monotonic() + SECONDS, 0
        while time.monotonic() < end and sent < 700 << 20:
            for s in held[1:]:
                try:
                    sent += s.send(block)
                except BlockingIOError:
                    time.sleep(0.001)
            equal(writer.put('probe', sent), None)
        equal(writer.say('get probe'), f'{{"probe", {sent}}}')
        for s in held:
            s.close()
        print(f'{sent >> 20} MB sent, {memory(node, "VmHWM"):.0f} MB at most', flush=True)
        if not node.sanitized():
            assert memory(node, 'VmHWM') < before + 1500, memory(node, 'VmHWM')
            eventually(lambda: memory(node) < before + 30, 30)


main(sys.modules[__name__])
