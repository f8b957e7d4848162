"""Django's own server, with room for all connections that the tests open at once.

It has room for ten that wait. The kernel resets a connection that has found none six times, which
on a busy machine happened to one of fifty.
"""

import sys

from django.core.management import execute_from_command_line
from django.core.servers.basehttp import WSGIServer

if __name__ == "__main__":
    WSGIServer.request_queue_size = 128
    execute_from_command_line(sys.argv)
