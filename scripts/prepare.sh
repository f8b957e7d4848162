# Sourced by ./demo and ./check: finds Rust and Python, makes the virtual environment .venv.
# Sets `venv_python`. Whatever the machine lacks is said in one sentence.

say() { printf '%s\n' "pyflame: $*"; }
lacking() { printf '%s\n' "pyflame: $*" >&2; exit 1; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 9) or sys.implementation.name != "cpython")' 2>/dev/null
}

find_python() {
    for candidate in python3 python3.13 python3.12 python3.11 python3.10 python3.9 python3.14 python3.15 python; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

# rustup puts cargo where a shell that was opened earlier does not look yet.
if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export PATH
fi
command -v cargo >/dev/null || lacking "Rust is needed to build the engine, and there is no cargo on PATH; install it from https://rustup.rs"
cargo --version >/dev/null 2>&1 || lacking "cargo is on PATH but does not run; 'rustup default stable' may be all it needs"
command -v cc >/dev/null || lacking "Rust needs a C compiler as its linker, and there is no cc on PATH; install gcc (Debian: apt install gcc libc6-dev)"

venv_python=.venv/bin/python
if ! is_new_enough "$venv_python"; then
    base_python=$(find_python)
    [ -n "$base_python" ] || lacking "CPython 3.9 or newer is needed, and there is no such python3 on PATH"
    "$base_python" -c 'import ensurepip, venv' 2>/dev/null ||
        lacking "$("$base_python" -V) cannot make virtual environments; install its venv module (Debian: apt install python3-venv)"
    say "making the virtual environment .venv with $("$base_python" -V)"
    "$base_python" -m venv --clear .venv
fi

# Runs a command until it succeeds, for ten minutes at most: a mirror may be away for some.
patiently() {
    until=$(($(date +%s) + 600))
    pause=2
    while ! "$@"; do
        [ $(($(date +%s) + pause)) -lt "$until" ] || return 1
        say "trying again in $pause s: $*"
        sleep "$pause"
        pause=$((pause < 60 ? pause * 2 : 60))
    done
}

# uv, which makes the environments of ./check; ./demo does without.
install_uv() {
    wanted=$(sed -n 's/^\(uv==[^ ;]*\).*/\1/p' scripts/installer.in)
    [ "$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" = "${wanted#uv==}" ] && return
    say "installing $wanted into .venv"
    patiently "$venv_python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes -r scripts/installer.txt ||
        lacking "$wanted could not be installed, and without it no environment can be made"
}
