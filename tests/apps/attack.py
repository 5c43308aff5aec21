"""Hostile connections to a node: recorded streams with flipped bits, frames that announce what
never comes, handshakes without a node behind them. The knowledge of CAF's protocol is here: a
header of 32 bytes, then what it announces."""

import contextlib
import random
import re
import socket
import struct
import subprocess
import threading
import time

from cluster import Writer
from harness import CTL, ENVIRONMENT

SERVER_HANDSHAKE, CLIENT_HANDSHAKE, DIRECT, ROUTED, MONITOR, DOWN, HEARTBEAT = range(7)
HEADER = 32
LENGTHS = [1, 31, 1 << 12, (1 << 14) + 1, 1 << 16, 1 << 20, 1 << 28, 1 << 30, 0x4fff_ffff,
           0x8000_0000, 0xc000_0000, 0xffff_fff0, 0xffff_ffff]


def header(operation, length=0, data=0, source=0, to=0, flags=0):
    return struct.pack('>BBBBIQQQ', operation, 0, 0, flags, length, data, source, to)


def request(content, to=1, claimed=None, operation=DIRECT):
    """A request to an actor, without further stages."""
    payload = b'\0' + content
    length = len(payload) if claimed is None else claimed
    return header(operation, length, data=(1 << 62) | 7, source=99, to=to) + payload


def text(words):
    """A text in CAF's form: its length in pieces of 7 bits, then its bytes."""
    size, out = len(words), b''
    while size > 0x7f:
        out += bytes([size & 0x7f | 0x80])
        size >>= 7
    return out + bytes([size]) + words


def message(types, values=b''):
    return struct.pack('>H', 0) + text(b'@<>' + b''.join(b'+' + t for t in types)) + values


ENDLESS = b'\xff\xff\xff\xff\x0f'  # a length of four gibibytes


# Short contents that claim to be long or deep.
LIARS = [message([b'@charbuf'], ENDLESS), message([b'@str'], ENDLESS),
         message([b'@strvec'], ENDLESS + b'\1a'), message([b'@strset'], ENDLESS),
         message([b'supercache::value'], ENDLESS), message([b'supercache::wire_frame'], ENDLESS),
         message([b'std::vector<supercache::record>'], ENDLESS), message([b'@message']) * 40_000,
         struct.pack('>H', 0) + ENDLESS, b'\xff' * 64]


def recorded_handshake():
    """The first bytes that a client sends."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        address = f'127.0.0.1:{listener.getsockname()[1]}'
        client = subprocess.Popen([CTL, '--node', address, 'get', '1'], env=ENVIRONMENT,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out = b''
        try:
            while not out:  # the first connection only tests whether a node listens
                with listener.accept()[0] as s:
                    while data := s.recv(4096):
                        out += data
                        if len(out) >= HEADER and len(out) >= HEADER + length_in(out):
                            break
        finally:
            client.kill()
            client.wait()
    return out


def length_in(some_header):
    return struct.unpack('>I', some_header[4:8])[0]


def another(handshake, choices):
    """The same handshake, from another process."""
    at = HEADER + 8
    return handshake[:at] + choices.randbytes(4) + handshake[at + 4:]


class Recorder:
    """Stands between clients and a node and keeps what each client sends."""

    def __init__(self, port):
        self.node_port, self.streams = port, []

    def __enter__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.address = f'127.0.0.1:{self.listener.getsockname()[1]}'
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, node = self.listener.accept()[0], socket.create_connection(
                    ('127.0.0.1', self.node_port))
                kept = bytearray()
                self.streams.append(kept)
                for pair in ((client, node, kept), (node, client, None)):
                    threading.Thread(target=self.carry, args=pair, daemon=True).start()

    @staticmethod
    def carry(source, to, kept):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if kept is not None:
                    kept += data
                to.sendall(data)
        for s in (source, to):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


COMMANDS = [['put', 'user', '1', 'Alice'], ['get', 'user'], ['kv', 'n', 'put', 'k', 'x' * 3000],
            ['kv', 'n', 'incr', 'i'], ['queue', 'q', 'add', '1', '2'], ['queue', 'q', 'out'],
            ['stats'], ['put', 'long', 'y' * 40_000]]


def record_streams(node):
    """What clients send for ordinary commands."""
    with Recorder(node.port) as recorder:
        for words in COMMANDS:
            subprocess.run([CTL, '--node', recorder.address, *words], env=ENVIRONMENT, check=True,
                           stdout=subprocess.DEVNULL, timeout=60)
    return [bytes(s) for s in recorder.streams if s]


def flipped(stream, choices):
    out = bytearray(stream)
    for _ in range(choices.choice([1, 1, 1, 2, 8])):
        bit = choices.randrange(8 * len(out))
        out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


class Attacker:
    """Makes hostile connections until it is told to stop; keeps some of them open."""

    def __init__(self, port, handshake, streams, seed):
        self.port, self.handshake, self.streams = port, handshake, streams
        self.choices = random.Random(seed)
        self.count, self.held, self.over = 0, [], threading.Event()
        self.kinds = [self.flips, self.lengths_known, self.lengths_unknown, self.lies,
                      self.nonsense, self.many_names, self.pieces, self.in_part]

    def flips(self):
        return flipped(self.choices.choice(self.streams), self.choices)

    def hostile_header(self):
        c = self.choices
        return header(c.randrange(9), c.choice(LENGTHS), c.choice([0, 1, 3, 1 << 63]),
                      c.choice([0, 1, 99]), c.choice([0, 1, 12]), c.choice([0, 0, 1, 2, 255]))

    def lengths_known(self):
        """The 96 bytes: a handshake, and a header that announces more than there is."""
        return another(self.handshake, self.choices) + self.hostile_header() + self.some_bytes()

    def lengths_unknown(self):
        return self.hostile_header() + self.some_bytes()

    def lies(self):
        c = self.choices
        # A node's actors have small numbers.
        return another(self.handshake, c) + b''.join(
            request(c.choice(LIARS), c.randrange(60)) for _ in range(10))

    def nonsense(self):
        return self.choices.randbytes(self.choices.choice([1, 31, 32, 33, 500, 5000]))

    def many_names(self):
        """One connection that gives a new identity again and again."""
        return b''.join(another(self.handshake, self.choices) for _ in range(20))

    def pieces(self):
        """A part of a large frame does arrive."""
        length = self.choices.choice([1 << 20, 1 << 28, 1 << 30])
        return (another(self.handshake, self.choices) + header(DIRECT, length, source=3, to=1)
                + bytes(100_000))

    def in_part(self):
        stream = self.choices.choice(self.streams)
        return stream[:self.choices.randrange(1, len(stream))]

    def some_bytes(self):
        return self.choices.randbytes(self.choices.choice([0, 0, 1, 100, 20_000]))

    def strike(self):
        try:
            s = socket.create_connection(('127.0.0.1', self.port), 5)
        except OSError:
            time.sleep(0.01)  # the node accepts nothing at the moment
            return
        s.settimeout(1)
        with contextlib.suppress(OSError):
            s.sendall(self.choices.choice(self.kinds)())
            s.recv(1)  # else the attack is on the queue of connections not yet accepted
        self.count += 1
        self.held.append(s)
        while len(self.held) > 40:
            self.held.pop(self.choices.randrange(len(self.held))).close()

    def run(self):
        while not self.over.is_set():
            self.strike()
        for s in self.held:
            s.close()


class Probe:
    """A client that works with the node meanwhile, over one connection and over new ones."""

    def __init__(self, node):
        self.node, self.over = node, threading.Event()
        self.answers, self.failures, self.longest = 0, [], 0.0
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(120)

    def timed(self, ask, wanted):
        start = time.monotonic()
        said = ask()
        self.longest = max(self.longest, time.monotonic() - start)
        self.answers += 1
        if said != wanted:
            self.failures.append(said)

    def ask_anew(self):
        answer = self.node.ctl('--timeout', '60000', 'get', 'probe')
        return answer.out or answer.err

    def run(self):
        with Writer(self.node) as writer:
            number = 0
            while not self.over.is_set():
                number += 1
                self.timed(lambda: writer.put('probe', number), None)
                self.timed(lambda: writer.say('get probe'), f'{{"probe", {number}}}')
                if number % 20 == 0:
                    self.timed(self.ask_anew, f'{{"probe", {number}}}\n')
                time.sleep(0.01)


def memory(node, what='VmRSS'):
    """Memory of a process in megabytes."""
    with open(f'/proc/{node.process.pid}/status', encoding='ascii') as status:
        return int(re.search(what + r':\s+(\d+) kB', status.read())[1]) / 1024


def attack(node, seconds, seed, attackers=4):
    """Attacks a node for so many seconds. Answers the number of connections, and the probe."""
    streams, handshake = record_streams(node), recorded_handshake()
    crowd = [Attacker(node.port, handshake, streams, f'{seed} {i}') for i in range(attackers)]
    threads = [threading.Thread(target=a.run) for a in crowd]
    with Probe(node) as probe:
        for t in threads:
            t.start()
        time.sleep(seconds)
        for a in crowd:
            a.over.set()
        for t in threads:
            t.join(60)
    return sum(a.count for a in crowd), probe
