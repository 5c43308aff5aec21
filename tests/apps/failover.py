"""Writers that record what was acknowledged, for tests in which nodes fail."""

import threading
import time

from cluster import Writer
from harness import equal, eventually


class Load:
    """Writers on some nodes, each on its own thread, until the end of a `with` block. A key is
    never written twice, so that the data can be compared afterwards."""

    def __init__(self, cluster, *names):
        self.cluster, self.names = cluster, names
        self.acknowledged, self.refused, self.longest = {}, [], 0.0
        self.when = {}  # by key, when it was acknowledged
        self.over = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in self.names]
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join(30)

    def write(self, name):
        with Writer(self.cluster[name]) as writer:
            number = 0
            while not self.over.is_set():
                number += 1
                key, start = f'{name}-{number}', time.monotonic()
                why = writer.put(key, number)
                self.longest = max(self.longest, time.monotonic() - start)
                if why:
                    self.refused.append((key, why))
                else:
                    self.acknowledged[key] = number
                    self.when[key] = time.monotonic()

    def wait(self, more):
        """Waits until that many more writes were acknowledged."""
        enough = len(self.acknowledged) + more
        eventually(lambda: len(self.acknowledged) >= enough)


def everything(node):
    rows = [line.strip('[]').split(',') for line in node.ask('dump').splitlines()]
    return {key.strip('"'): int(number) for key, number in rows}


def check_nothing_lost(load, node):
    found = everything(node)
    lost = {k: v for k, v in load.acknowledged.items() if found.get(k) != v}
    if lost:
        for key in sorted(lost, key=load.when.get):
            print(f'lost at {node.address}: {key}, acknowledged at {load.when[key]:.3f}')
        print(node.ask('partitions'))
        for other in load.cluster.nodes.values():
            print(f'-- {other.address}: {other.log()[-8000:]}', flush=True)
    equal(lost, {})
    extra = set(found) - set(load.acknowledged) - {key for key, _ in load.refused}
    equal(extra, set())
