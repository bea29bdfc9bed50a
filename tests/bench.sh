#!/usr/bin/env bash
# Measures both servers as users run them. The usage is below; docs/performance.md explains the table.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

usage() {
    cat <<'USAGE'
Usage: tests/bench.sh [sqlite|postgres] [part...] [--smoke]
       tests/bench.sh micro [BenchmarkDotNet option...]

Starts Auth.Server and Scim.Api as separate processes, fills a database with users, sends each kind of request to the
product and to its floor in turn, and prints a table. The floor is the least code that does the same: a bare Kestrel
endpoint with prepared statements. Exits with 1 if a target is missed. Without a database: SQLite, then PostgreSQL.
Without a part: the first three.

  reads       get by id, userName eq
  pages       the first page, pages of a paging walk, a page outside a walk
  writes      create, for one account and for 16; PATCH active

  tokens      introspection, token by client credentials
  portal      CPU time and size of each page, with 100,000 users
  start       seconds to the first response, memory of both servers when idle
  growth      get by id, with a million users and with a thousand
  okta        ten minutes in which an Okta customer's day happens
  entra [N]   the first cycle of Entra ID with N users (100,000), then ten minutes of changes
  memory      of Scim.Api, while an account requests many pages of large users
  barrier     how long a rotation waits for four nodes
  rotation    introspection while credentials are rotated (PostgreSQL)
  floods      introspection while unauthenticated callers flood each endpoint

  micro       time and allocations of the parts of a request, with BenchmarkDotNet
  --smoke     little of everything, without a verdict: shows that the benchmark works

The results are also in tests/Benchmarks/results/: every run, as JSON. The columns: requests per second; latency; CPU
time per request of the server and of PostgreSQL's processes that serve its connections; the server's resident memory;
and CPU time of everything else on the machine, in per cent of one core. Of several rounds, the one counts during which
the rest of the machine did least.
USAGE
}

fail() { printf 'bench.sh: %s\n' "$*" >&2; exit 1; }

# Installs a Debian package, if its program is missing.
need() {
    local program=$1 package=$2
    ! command -v "$program" >/dev/null || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$program is missing (Debian: apt-get install $package)."
    printf 'Installing %s...\n' "$package"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" \
        >/dev/null || fail "$package could not be installed with apt-get."
}

for argument in "$@"; do
    case $argument in
        --help | -h) usage; exit 0 ;;
        micro) break ;;
        sqlite | postgres | --smoke | reads | pages | writes | tokens | portal | start | growth | okta | entra | memory | \
            barrier | rotation | floods) ;;
        *[!0-9]* | '') usage >&2; fail "There is no part $argument." ;;
    esac
done

command -v dotnet >/dev/null || fail 'The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download'
benchmarks=tests/Benchmarks/bin/Release/net10.0/Benchmarks
dotnet build tests/Benchmarks --configuration Release --verbosity quiet --nologo
[ "${1:-}" != micro ] || exec "$benchmarks" "$@"

[ -r /proc/stat ] || fail 'The benchmark reads /proc, which only Linux has.'
need wrk wrk
[ -n "${TEST_POSTGRES:-}" ] || [ -d /usr/lib/postgresql ] || need pg_ctl postgresql

# All databases and logs go into one folder, which is deleted at the end.
work=$(mktemp -d)
chmod 755 "$work" # PostgreSQL runs as another user.
mkdir -m 777 "$work/tmp"
export TMPDIR=$work/tmp
# A watchdog stops the PostgreSQL server within a second.
trap 'sleep 1.5; rm -rf "$work"' EXIT

deploy/publish.sh "$work/servers" >/dev/null
results=tests/Benchmarks/results/$(date -u +%Y%m%d-%H%M%S).json
mkdir -p "${results%/*}"
"$benchmarks" "$work/servers" "$results" "$@"
