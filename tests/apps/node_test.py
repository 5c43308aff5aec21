"""supercache-node: how it starts, what it refuses, and that it always ends."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from harness import (CTL, ENVIRONMENT, NODE, Node, closed_within, equal, eventually, fails, main,
                     nonsense, run, unused_port)

PROGRAM = 'supercache-node'


def test_says_when_it_serves():
    with Node('--num_partition', '16') as node:
        equal(node.ready['event'], 'ready')
        equal(node.ready['host'], '127.0.0.1')
        equal(node.ready['pid'], node.process.pid)
        equal(node.ready['partitions'], 16)
        equal(list(node.ready), ['event', 'node', 'host', 'port', 'pid', 'partitions', 'version'])
        equal(f'{PROGRAM} {node.ready["version"]}\n', run(NODE, '--version').out)
        with socket.create_connection(('127.0.0.1', node.port), 5):
            pass


def test_stops_on_its_signals():
    for number, name in ((signal.SIGTERM, 'SIGTERM'), (signal.SIGINT, 'SIGINT'),
                         (signal.SIGHUP, 'SIGHUP')):
        with Node() as node:
            node.ask('put', '1', 'a')
            status, seconds = node.stop(number)
            log = node.log()
            assert status == 0, (name, status, log)
            assert seconds < 2, seconds
            assert f'stopping on {name}' in log and log.endswith('stopped\n'), log
            said = node.process.stdout.read().splitlines()
            equal([json.loads(line)['event'] for line in said], ['serving'])


def test_takes_options_from_file_and_words():
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as config:
        port = unused_port()
        config.write('# a node\n[supercache]\nnum_partition = 8\ntable_type = bag\nkey_pos = 1\n'
                     f'node.port = {port}\n'
                     '[other]\nwhatever = 1\n')
        config.flush()
        with Node('--config', config.name, '--key_pos', '0', '--wal.fsync=never') as node:
            options = node.json('stats', 'config')
            equal(node.port, port)
            equal(options['num_partition'], '8')
            equal(options['table_type'], 'bag')
            equal(options['key_pos'], '0')
            equal(options['wal.fsync'], 'never')


def test_flags_need_no_value():
    with Node('--debug_log') as node:
        equal(node.json('stats', 'config')['debug_log'], 'true')
    with Node('--debug_log=off', '--auto_start', 'no') as node:
        equal(node.json('stats', 'config')['debug_log'], 'false')


def test_refuses_wrong_words():
    for words, sentence in (
            (['--num_partitions', '4'],
             "unknown option '--num_partitions'; did you mean '--num_partition'?"),
            (['--frobnicate'], "unknown option '--frobnicate'"),
            (['serve'], "unexpected argument 'serve'"),
            (['--num_partition', '0'],
             "--num_partition is '0'; allowed is 1 to 4096 (integer)"),
            (['--num_partition', 'many'],
             "--num_partition is 'many'; allowed is 1 to 4096 (integer)"),
            (['--table_type', 'heap'],
             "--table_type is 'heap'; allowed is set, ordered_set, bag, duplicate_bag (text)"),
            (['--num_partition'], '--num_partition needs a value'),
            (['--port', '65536'], "--port: '65536' is no whole number from 0 to 65535"),
            (['--log-level', 'loud'],
             "--log-level: 'loud' is none of trace, debug, info, warn, error, off"),
            (['--config', '/nonexistent.conf'],
             'configuration file /nonexistent.conf cannot be opened')):
        answer = run(NODE, *words)
        fails(answer, 2, sentence, PROGRAM)
        equal(answer.out, '')


def test_refuses_wrong_files():
    for text, sentence in (
            ('[supercache]\nnum_partition = x\n',
             "2: num_partition is 'x'; allowed is 1 to 4096 (integer)"),
            ('[supercache]\n\nnum_partitio = 3\n',
             "3: unknown option 'num_partitio'; did you mean 'num_partition'?"),
            ('[supercache]\nnonsense\n', "2: 'nonsense' is not of the form key = value")):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as config:
            config.write(text)
            config.flush()
            fails(run(NODE, '--config', config.name), 2, f'{config.name}:{sentence}', PROGRAM)


def test_names_the_port_in_use():
    with Node() as node:
        answer = run(NODE, '--port', str(node.port), '--log-level', 'off')
        fails(answer, 1, f'cannot listen on {node.address}: Address already in use', PROGRAM)
        equal(answer.out, '')
    answer = run(NODE, '--port', '0', '--host', '192.0.2.1', '--log-level', 'off')
    fails(answer, 1, 'cannot listen on 192.0.2.1:0: Cannot assign requested address', PROGRAM)


def test_gets_its_port_again_at_once():
    with Node() as node:
        node.ask('put', '1', 'a')
        port = str(node.port)
        equal(node.stop()[0], 0)
    with Node('--port', port) as node:
        equal(node.port, int(port))


def test_stops_under_load():
    """Loaders, readers and a waiting client: none of them keeps the node from ending."""
    with Node() as node, tempfile.NamedTemporaryFile('w', suffix='.csv') as rows:
        for i in range(400_000):
            rows.write(f'{i},some text that is not short,{i % 7}\n')
        rows.flush()
        words = [['load', rows.name], ['load', rows.name, '--kv', 'names'], ['queue', 'q', 'wait', '--for', '60000']]
        busy = [subprocess.Popen([CTL, '--node', node.address, '--timeout', '1000', *w],
                                 env=ENVIRONMENT, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE) for w in words]
        eventually(lambda: (s := node.json('stats'))['records'] and s['namespaces'])
        status, _ = node.stop()
        equal(status, 0)
        for client in busy[:2]:
            message = client.communicate(timeout=30)[1].decode()
            equal(client.returncode, 1)
            assert 'rows were stored before' in message, message
        busy[2].kill()
        busy[2].communicate()


def test_survives_strangers():
    """Bytes outside the protocol, and silent connections, do no harm and are ended."""
    with Node() as node:
        sockets = [socket.create_connection(('127.0.0.1', node.port), 5) for _ in nonsense()]
        for s, junk in zip(sockets, nonsense()):
            s.sendall(junk)
        equal(node.ask('put', '1', 'a'), 'stored {1, "a"}')
        for s in sockets:
            with s:
                assert closed_within(s, 20)
        equal(node.ask('get', '1'), '{1, "a"}')
        equal(node.stop()[0], 0)


def test_serves_many_at_once():
    with Node() as node:
        threads = [threading.Thread(target=lambda: [node.ask('kv', 'n', 'incr', 'k')
                                                    for _ in range(10)]) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        equal(node.ask('kv', 'n', 'get', 'k'), '40')


def test_helps():
    answer = run(NODE, '--help')
    equal((answer.status, answer.err), (0, ''))
    for name in ('--config', '--host', '--port', '--num_partition', '--wal.fsync'):
        assert name in answer.out, name
    assert 'ordered_set' in answer.out


main(sys.modules[__name__])
