"""A start that is all imports: a good part of the standard library, and the end."""

# ruff: noqa: F401 - to import is what it is for

import asyncio
import concurrent.futures
import ctypes
import decimal
import email.message
import http.server
import json
import logging.config
import multiprocessing.pool
import sqlite3
import sys
import unittest.mock
import urllib.request
import xml.dom.minidom
import zipfile

if __name__ == "__main__":
    print(json.dumps({"modules": len(sys.modules)}))
