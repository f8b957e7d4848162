#!/bin/sh
# Stands in for flamegraph.pl: shows its arguments and what it was given.
echo "$@"
cat
