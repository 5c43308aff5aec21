"""What programs show: no control in a name reaches the terminal, progress stays on its line, and
colours can be switched off."""

import json
import os
import re
import subprocess
import sys
import tempfile

from harness import CTL, ENVIRONMENT, NODE, Node, equal, eventually, main, run
from terminal import Terminal

# C0, DEL, C1 alone and as UTF-8, marks of direction and ends of lines
CONTROLS = ('\x1b[31m', '\x07', '\r', '\n', '\t', '\x7f', '\x9b31m', '\u202e', '\u2066', '\u200f',
            '\u061c', '\u2028', '\ufeff')
BYTES = (b'\x9b31m', b'\xff', b'\xc3')
HARMLESS = re.compile('[^\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff'
                      '\ud800-\udfff]*')


def harmless(*texts):
    """Checks that no text controls a terminal; ends of lines are those of the program."""
    for text in texts:
        assert HARMLESS.fullmatch(text), repr(text)


def names():
    for c in CONTROLS:
        yield f'a{c}b'.encode()
    for b in BYTES:
        yield b'a' + b + b'b'


def test_names_of_namespaces_and_values():
    with Node() as node:
        for name in names():
            for words in (['kv', name, 'put', 'k', '1'], ['kv', name, 'get', 'nobody'],
                          ['kv', name, 'get', 'k', '--json'], ['kv', name, 'clear'], ['kv', name, 'list'],
                          ['queue', name, 'out'], ['queue', name, 'wait', '--for', '1'],
                          ['queue', name, 'add', '1'], ['stack', name, 'push', '1'],
                          ['kv', name, 'frobnicate'], ['queue', name], ['stats'], ['stats', '--json'],
                          ['dump', '--kv', name], ['dump', '--structs', name], ['kv', name, 'put', name, name],
                          ['put', name, name], ['get', name], ['get', name, '--json'], ['--string', 'put', name],
                          ['watch', name, '--kv', name, '--for', '1']):
                answer = node.ctl(*words)
                harmless(answer.out, answer.err)
                assert answer.err.count('\n') <= 1, answer
            for words in (['kv', name, 'incr', 'text'], ['remove', '--all'], ['kv', name, 'clear']):
                node.ctl(*words)
        stats = node.json('stats')
        assert 'a\x1b[31mb' in stats['queues'], stats # the name itself is unchanged
        assert r'a\u001b[31mb' in node.ask('stats'), node.ask('stats')
        harmless(node.log())


def test_words_of_command_lines():
    for name in names():
        for words in ([name], ['--' + name.decode('utf-8', 'surrogateescape')], ['get', name, name],
                      ['--node', name, 'get', '1'], ['stats', name], ['put', '1', '--ttl', name],
                      ['match', name], ['match', b'["' + name + b'"'], ['load', name], ['dump', name],
                      ['load', '/dev/null', '--columns', name], ['load', '/dev/null', '--rejects', b'/x/' + name],
                      ['get', '1', '--read-mode', name], [b'--json=' + name, 'get', '1'], ['kv', name]):
            answer = run(CTL, *words)
            harmless(answer.out, answer.err)
            assert answer.status in (1, 2), answer
            equal(answer.err.count('\n'), 1)
        answer = run(CTL, 'get', '1', environment={'SUPERCACHE_NODE': os.fsdecode(name)})
        harmless(answer.err)
        for words in ([name], [b'--' + name], ['--config', name], ['--num_partition', name],
                      ['--table_prefix', name], ['--node.name', name], ['--host', name],
                      ['--log-level', name], ['--cluster_peers', name], ['--table_type', name],
                      ['--node.advertise', name], ['--node_monitor.nodes', name]):
            answer = run(NODE, *words, '--num_partition', '0') # so that it does not start
            harmless(answer.out, answer.err)
            equal((answer.status, answer.err.count('\n')), (2, 1))


def test_configuration_files():
    for name in names():
        for text in (b'[supercache]\n' + name + b' = 1\n', b'[supercache]\nnum_partition = ' + name + b'\n',
                     b'[supercache]\n' + name + b'\n', b'[supercache.' + name + b']\nx = 1\n'):
            with tempfile.NamedTemporaryFile(suffix='.conf') as config:
                config.write(text)
                config.flush()
                # A word that is refused, so that no node starts if the file is accepted.
                answer = run(NODE, '--config', config.name, '--num_partition', '0')
                harmless(answer.out, answer.err)
                equal(answer.status, 2)


def test_logs_of_nodes():
    for name, told in (('a\x1b[31mb', 'it has control characters'), ('a\u202eb', r'a\u202eb')):
        with tempfile.NamedTemporaryFile('w') as peers:
            peers.write(name + '@127.0.0.1:1\n')
            peers.flush()
            node = subprocess.Popen([NODE, '--port', '0', '--cluster', 'distributed', '--node.name', 'x',
                                     '--node_monitor.source', 'provider', '--node_monitor.refresh_ms', '50',
                                     '--node_monitor.provider', peers.name, '--debug_log'], env=ENVIRONMENT,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                node.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                node.terminate()
            out, err = node.communicate(timeout=20)
            harmless(out, err)
            assert told in err, err


def test_no_color_reaches_the_log():
    def first_line(**environment):
        with tempfile.TemporaryDirectory() as home:
            with Terminal(None, home, NODE, '--port', '0', **environment) as t:
                return t.expect(' partitions of type ')
    assert '\x1b[' in first_line()
    assert '\x1b[' in first_line(NO_COLOR='')
    assert '\x1b[' not in first_line(NO_COLOR='1')


def progress_lines(node, columns, *words):
    with tempfile.TemporaryDirectory() as home:
        with Terminal(node, home, CTL, '--node', node.address, *words, columns=columns) as t:
            text = t.expect('read ', 120)
            t.process.wait(60)
    return text


def test_progress_stays_on_its_line():
    with Node() as node, tempfile.NamedTemporaryFile('w', suffix='.csv') as rows:
        for i in range(300_000):
            rows.write(f'{i},some text that is not short,{i % 7}\n')
        rows.flush()
        for columns in (30, 20, 12, 80, 200):
            text = progress_lines(node, columns, 'load', rows.name)
            assert '\n' not in text, text
            drawn = [line.split('\x1b[K')[0] for line in text.split('\r') if line]
            assert any(line.startswith('loading'[:columns - 1]) for line in drawn), text
            assert all(len(line) < columns for line in drawn), (columns, drawn)
            if columns == 80:
                assert any('#' in line and ' %' in line and 'per second' in line for line in drawn), drawn


main(sys.modules[__name__])
