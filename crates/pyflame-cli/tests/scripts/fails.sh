#!/bin/sh
# Stands in for a flamegraph.pl that was called wrongly; does not even read its input.
echo "no such palette" >&2
exit 3
