"""OpenStack Swift with its S3 face, all of it in one process on loopback. Run by Debian's own Python (it has `swift`),
never imported by tests:

    /usr/bin/python3 swift_server.py <folder> <port>

It stands still on one disk with one copy of everything, and remembers what it asked itself in its own memory: Swift
wants a memcached, which tests have no use for. It says "ready" when it answers.
"""

# ruff: noqa: E402  (eventlet comes before all that it changes)

import eventlet

eventlet.monkey_patch()

import os
import sys
from pathlib import Path

from swift.common import utils

folder, port = Path(sys.argv[1]), int(sys.argv[2])
utils.SWIFT_CONF_FILE = str(folder / "swift.conf")

from eventlet import tpool, wsgi
from swift.common.ring import RingBuilder
from swift.common.wsgi import SwiftHttpProtocol, loadapp

SWIFT_CONF = """
[swift-hash]
swift_hash_path_prefix = loop
swift_hash_path_suffix = back
[swift-constraints]
max_file_size = 5368709122
"""
BOX = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
user = {user}
log_name = {kind}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
fallocate_reserve = 0
"""
PROXY = """
[DEFAULT]
swift_dir = {folder}
user = {user}
log_name = proxy
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth slo dlo symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
conn_timeout = 10
node_timeout = 60
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
min_segment_size = 1
s3_acl = false
dns_compliant_bucket_names = true
[filter:tempauth]
use = egg:swift#tempauth
user_alice_shop = a-secret-of-alice .admin
user_bob_shop = a-secret-of-bob .admin
user_alice_reader = a-secret-of-charlie
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
"""


class Memory(dict):
    """As much of memcached as Swift asks for."""

    def __bool__(self):
        return True  # it is there, also when it is empty

    def set(self, key, value, **_more):
        self[key] = value

    def get(self, key, **_more):
        return super().get(key)

    def incr(self, key, delta=1, **_more):
        self[key] = int(super().get(key, 0)) + delta
        return self[key]

    def decr(self, key, delta=1, **_more):
        return self.incr(key, -delta)

    def delete(self, key, **_more):
        self.pop(key, None)

    def set_multi(self, mapping, *_args, **_more):
        self.update(mapping)

    def get_multi(self, keys, *_args, **_more):
        return [super(Memory, self).get(key) for key in keys]


def listen(at=0):
    return eventlet.listen(("127.0.0.1", at), backlog=512)


def make_ring(name, box):
    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    device = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": box.getsockname()[1], "device": "one", "weight": 1.0}
    builder.add_dev(device | {"replication_ip": device["ip"], "replication_port": device["port"], "meta": ""})
    builder.rebalance()
    builder.get_ring().save(str(folder / f"{name}.ring.gz"))


def run(sock, app):
    options = {"protocol": SwiftHttpProtocol, "socket_timeout": 60, "capitalize_response_headers": False}
    eventlet.spawn(wsgi.server, sock, app, log_output=False, **options)


def main():
    (folder / "disks" / "one").mkdir(parents=True)
    (folder / "swift.conf").write_text(SWIFT_CONF)
    values = {"folder": folder, "user": os.environ.get("USER", "root")}
    boxes = {kind: listen() for kind in ("account", "container", "object")}
    for kind, box in boxes.items():
        make_ring(kind, box)
    for kind, box in boxes.items():
        conf = folder / f"{kind}.conf"
        conf.write_text(BOX.format(kind=kind, **values))
        run(box, loadapp(str(conf)))
    (folder / "proxy.conf").write_text(PROXY.format(**values))
    proxy, memory = loadapp(str(folder / "proxy.conf")), Memory()

    def with_memory(environ, start_response):
        environ["swift.cache"] = memory
        return proxy(environ, start_response)

    run(listen(port), with_memory)
    print("ready", flush=True)
    tpool.execute(sys.stdin.read)  # until whoever started it goes


main()
