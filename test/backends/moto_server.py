"""Serves moto on one thread, for it is not thread-safe, at a free port of the loopback address; writes which to a file."""

import copy
import functools
import sys
from pathlib import Path

from moto import backends
from moto.core import responses
from moto.iam.models import AWSManagedPolicy, IAMBackend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

# moto reads the policies that AWS manages for each account and after each reset, which takes a third of a second.
# Here they are read once and copied. Accounts share only what no call changes: the versions.
read_policies = IAMBackend._init_aws_policies
policies_of_partition: dict[str, list[AWSManagedPolicy]] = {}


def managed_policies(account: IAMBackend) -> list[AWSManagedPolicy]:
    if account.partition not in policies_of_partition:
        policies_of_partition[account.partition] = read_policies(account)
    policies = [copy.copy(policy) for policy in policies_of_partition[account.partition]]
    for policy in policies:
        policy.account_id = account.account_id
        policy.tags = {}
    return policies


IAMBackend._init_aws_policies = managed_policies

# moto lists the methods of a service in each call, and its own folders twice.
responses.method_names_from_class = functools.cache(responses.method_names_from_class)
modules = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
Path(sys.argv[1]).write_text(f"{server.port}\n")
server.serve_forever()
