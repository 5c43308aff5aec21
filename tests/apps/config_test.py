"""What a node refuses before it starts, or reports as useless: options, files, empty words."""

import contextlib
import os
import sys
import tempfile

from harness import NODE, Node, equal, eventually, main, run

PROGRAM = 'supercache-node'
NO_LOG = (', but there is no log on disk so far: data is lost when the last process that has it '
          'ends')


def refused(*words):
    """The node's reason for not starting; nothing listens afterwards."""
    answer = run(NODE, '--port', '0', *words, timeout=30)
    equal((answer.status, answer.out, answer.err.count('\n')), (2, '', 1))
    assert answer.err.startswith(f'{PROGRAM}: '), answer
    return answer.err.removeprefix(f'{PROGRAM}: ').rstrip('\n')


@contextlib.contextmanager
def file_with(content):
    with tempfile.NamedTemporaryFile('wb', suffix='.ini') as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        yield file.name


def test_what_promises_to_keep_data_safe_and_cannot_do_so_yet_is_refused():
    for mode in ('local', 'distributed'):
        for words, said in [(('--wal.dir', '/tmp'), "wal.dir is '/tmp'"),
                            (('--wal.fsync', 'always'), "wal.fsync is 'always'"),
                            (('--wal.fsync', 'interval'), "wal.fsync is 'interval'")]:
            equal(refused('--cluster', mode, *words), said + NO_LOG)
    equal(refused('--replication_mode', 'strong'), "replication_mode is 'strong'" + NO_LOG)
    equal(refused('--replication_mode', 'strong', '--wal.fsync', 'always'),
          "replication_mode is 'strong'" + NO_LOG)
    equal(refused('--replication_mode', 'strong', '--cluster', 'distributed'),
          "replication_mode is 'strong'; a cluster can do async and sync so far")
    with file_with('[supercache.wal]\nfsync = always\n') as path:
        equal(refused('--config', path), f"{path}: wal.fsync is 'always'{NO_LOG}")


def test_options_without_effect_are_named():
    with Node('--wal.cleanup_interval', '5000', '--health.interval_ms', '1s', '--wal.fsync',
              'never', '--replication_factor', '3', '--cluster_peers', 'a@h:1', '--node.name', 'n',
              '--replication_mode', 'sync') as node:
        log = node.log()
        assert 'no effect so far: health.interval_ms, wal.cleanup_interval, wal.fsync\n' in log, log
        assert ('no effect with cluster = local: replication_factor, cluster_peers, node.name\n'
                in log), log
        assert ("replication_mode is 'sync', but cluster is local: there is one copy, in the memory "
                'of this process, and it ends with it') in log, log
    with Node('--cluster', 'distributed', '--node_monitor.provider', 'f') as node:
        eventually(lambda: 'no effect with node_monitor.source = nodes: node_monitor.provider\n'
                   in node.log())
    with Node('--key_pos', '1', '--debug_log', 'false') as node:
        assert 'no effect' not in node.log(), node.log()


def test_where_a_node_listens_is_used_from_its_file():
    with file_with('[supercache.node]\nhost = localhost\nport = 0\n') as path:
        with Node('--config', path, '--port', '0') as node:
            assert 'no effect' not in node.log(), node.log()
            equal(node.ready['host'], 'localhost')


def test_an_empty_word_is_no_default():
    equal(refused('--host', ''), '--host: an empty word is no HOST')
    equal(refused('--config', ''), '--config: an empty word is no FILE')
    for name in ('node.name', 'node.advertise', 'node_monitor.provider', 'wal.dir'):
        assert refused(f'--{name}', '').startswith(f"{name} is ''; allowed is "), name
    for name in ('port', 'threads', 'log-level', 'table_prefix', 'num_partition', 'cluster',
                 'node_monitor.down_ms', 'replication_mode', 'health.error_rate_threshold'):
        refused(f'--{name}', '')
    with file_with('[supercache]\nnode.host =\n') as path:
        assert "node.host is ''; allowed is " in refused('--config', path)
    with Node('--cluster_peers', '', '--node_monitor.nodes', '') as node:  # no nodes
        node.ask('put', 'x', '1')
        for words in (['dump', ''], ['dump', '--kv', ''], ['load', ''], ['load', '-', '--kv', ''],
                      ['load', '-', '--rejects', ''], ['watch', '--kv', ''], ['kv', '', 'keys'],
                      ['queue', '', 'count'], ['stack', '', 'count'], ['dump', '--structs', ''],
                      ['--node', '', 'get', 'x'], ['stats', ''], ['get', 'x', '--read-mode', '']):
            answer = node.ctl(*words)
            assert answer.status == 2 or words == ['stats', ''], answer
            assert answer.status != 0 and answer.err, answer


def test_hosts_and_names_are_checked():
    equal(refused('--host', 'a b'), "--host is 'a b'; allowed is a host or address")
    for name in ('a b', 'é', 'x' * 65, 'a.b', 'a@b'):
        refused('--node.name', name)
    for peers in ('a b@h:1', '\ufeffa@h:1', 'a@h h:1', 'a@h:1,é@h:2'):
        refused('--cluster', 'distributed', '--cluster_peers', peers)
        refused('--cluster', 'distributed', '--node_monitor.nodes', peers)
    equal(refused('--cluster', 'distributed', '--cluster_peers', 'a@h:1,a@h:2'),
          "cluster_peers: node 'a' has two addresses: a@h:1 and a@h:2")


def test_files_that_are_not_what_they_look_like_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        equal(refused('--config', folder), f'configuration file {folder} is a folder')
        missing = os.path.join(folder, 'none')
        equal(refused('--config', missing), f'configuration file {missing} cannot be opened')
    with file_with(b'[supercache]\n\0\1\2') as path:
        equal(refused('--config', path),
              f'configuration file {path} is no text in UTF-8: it has control characters')
    refused('--config', '/bin/ls')
    with file_with('[supercache]\nkey_pos = 1\n'.encode('utf-16')) as path:
        assert 'is no text in UTF-8' in refused('--config', path)


def test_what_a_file_has_by_mistake_is_named_with_its_line():
    ours = '[supercache]\nnum_partition = 4\n'
    for text, said in [
            (ours + '[supercahe.wal]\nmax_pending = 1\n',
             ':3: there is no section [supercahe.wal]; did you mean [supercache.wal]?'),
            (ours + 'num_partition = 8\n', ":3: 'num_partition' is there for the second time"),
            (ours + 'wal.max_pending = 1\n[supercache.wal]\nmax_pending = 1\n',
             ':5: wal.max_pending is there for the second time'),
            (ours + '[wal]\nmax_pending = 1\n',
             ':4: section [wal] is not ours; did you mean [supercache.wal]?'),
            (ours + 'nonsense\n', ":3: 'nonsense' is not of the form key = value")]:
        with file_with(text) as path:
            equal(refused('--config', path), path + said)


def test_a_file_may_have_what_others_need_a_mark_and_comments():
    with file_with('\ufeff# ours\r\n[other]\r\nx = 1\r\n[supercache]\r\nnum_partition = 4 ; four\r\n'
                   '[supercache.node]\r\nport = 0\r\n') as path:
        with Node('--config', path, '--port', '0') as node:
            equal(node.ready['partitions'], 4)


main(sys.modules[__name__])
