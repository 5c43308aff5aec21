"""Reads backups as store/backup-format.md describes them, with no code of ours."""

import os
import struct

from harness import equal


class _Bytes:
    """The part of MessagePack that values need."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), 'ends in the middle of an object'
        self.at += n
        return self.data[self.at - n:self.at]

    def unsigned(self, n):
        return int.from_bytes(self.take(n), 'big')

    def array(self, n):
        return [self.item() for _ in range(n)]

    def map(self, n):
        return [(self.item(), self.item()) for _ in range(n)]

    def text(self, n):
        return self.take(n).decode()

    def tuple(self, n):
        assert self.take(1) == b'\x01', 'no tuple'
        inner = _Bytes(self.take(n))
        found = ('tuple', inner.item())
        assert inner.at == n
        return found

    def item(self):
        first = self.unsigned(1)
        if first < 0x80:
            return first
        if first < 0x90:
            return self.map(first & 0x0f)
        if first < 0xa0:
            return self.array(first & 0x0f)
        if first < 0xc0:
            return self.text(first & 0x1f)
        if first >= 0xe0:
            return first - 0x100
        return self.long(first)

    def long(self, first):
        if first in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[first]
        if first in (0xc4, 0xc5, 0xc6):
            return self.take(self.unsigned(1 << first - 0xc4))
        if first in (0xc7, 0xc8, 0xc9):
            return self.tuple(self.unsigned(1 << first - 0xc7))
        if first == 0xcb:
            return struct.unpack('>d', self.take(8))[0]
        if first in (0xcc, 0xcd, 0xce, 0xcf):
            return self.unsigned(1 << first - 0xcc)
        if first in (0xd0, 0xd1, 0xd2, 0xd3):
            return int.from_bytes(self.take(1 << first - 0xd0), 'big', signed=True)
        if first in (0xd4, 0xd5, 0xd6, 0xd7, 0xd8):
            return self.tuple(1 << first - 0xd4)
        if first in (0xd9, 0xda, 0xdb):
            return self.text(self.unsigned(1 << first - 0xd9))
        if first in (0xdc, 0xdd):
            return self.array(self.unsigned(2 << first - 0xdc))
        assert first in (0xde, 0xdf), f'no value begins with {first:x}'
        return self.map(self.unsigned(2 << first - 0xde))

    def rest(self):
        while self.at < len(self.data):
            yield self.item()


def blocks(data):
    """The blocks of a file, each a list of its contents."""
    return [list(_Bytes(block).rest()) for block in _Bytes(data).rest()]


TUPLES, KV, QUEUE, STACK, STRUCTS = range(5)


class Backup:
    """The contents of a file: `rows[kind, name]` has [left_ms, record] each, `items[kind, name]`
    the items of a queue or stack, oldest first; `parts` the same for each partition."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        head, *middle, end = blocks(data)
        assert head[:3] == [0, 'SuperCache backup', 1], head
        self.about = dict(head[3])
        self.rows, self.items, self.parts = {}, {}, {}
        for block in middle:
            if block[0] == 1:
                part = self.parts.setdefault(block[1], {})
                continue
            kind, name = block[1:3]
            if block[0] == 2:
                rows = [[block[i], block[i + 1]] for i in range(4, len(block), 2)]
                assert len(rows) == block[3]
                for of in (self.rows, part):
                    of.setdefault((kind, name), []).extend(rows)
            else:
                assert block[0] == 3
                for of in (self.items, part):
                    queue = of.setdefault((kind, name), [])
                    assert len(queue) == block[3], 'items are missing between two blocks'
                    queue.extend(block[5:])
                assert len(block) == 5 + block[4]
        assert end[0] == 4 and len(end) == 5
        assert end[1:4] == [len(self.parts), self.records(), sum(map(len, self.items.values()))]
        assert data[-9] == 0xcf

    def records(self):
        return sum(map(len, self.rows.values()))

    def content(self):
        """All contents, regardless of partitions and times to live."""
        rows = {place: sorted((repr(record) for _, record in rows))
                for place, rows in self.rows.items()}
        return rows, self.items

    def left(self, kind, name):
        """The time that each key has left to live."""
        return {repr(record[0]): left for left, record in self.rows.get((kind, name), [])}


def saved(node, folder, name='backup'):
    path = os.path.join(folder, name)
    answer = node.ctl('backup', path, timeout=900)
    equal((answer.status, answer.err), (0, ''))
    equal([n for n in os.listdir(folder) if n.endswith('.part')], [])
    return path
