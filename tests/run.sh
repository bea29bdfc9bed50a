#!/usr/bin/env bash
# Builds everything and runs all tests. The last line says how many passed and failed; the exit code is 0 if none failed.
#   tests/run.sh                          all of them
#   tests/run.sh --filter Name~Okta       options of `dotnet test`, passed to each suite
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
# Tests compile much code and run little of it often, so profiling it to recompile it would cost a quarter more time.
export DOTNET_TieredPGO=0

fail() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail 'The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download'

# The servers' tests run on SQLite and on a PostgreSQL server that they start, unless TEST_POSTGRES names one.
if [ -z "${TEST_POSTGRES:-}" ] && ! command -v pg_ctl >/dev/null && [ ! -d /usr/lib/postgresql ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        printf 'Installing PostgreSQL...\n'
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null ||
            fail 'PostgreSQL could not be installed with apt-get.'
    else
        fail 'The tests need PostgreSQL: install it (Debian: apt-get install postgresql), or name a server in TEST_POSTGRES.'
    fi
fi

# The end-to-end tests use the portal in a browser. If it is not on the PATH, CHROMIUM is its path.
if [ -z "${CHROMIUM:-}" ] && ! command -v chromium >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        printf 'Installing Chromium...\n'
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
            fail 'Chromium could not be installed with apt-get.'
    else
        fail 'The tests need Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to its path.'
    fi
fi

# Everything that the tests write goes into one folder, which is deleted at the end.
results=$(mktemp -d)
chmod 755 "$results" # PostgreSQL runs as another user.
mkdir -m 777 "$results/tmp"
export TMPDIR=$results/tmp
# A watchdog stops each test suite's PostgreSQL server within a second of its end.
trap 'sleep 1.5; rm -rf "$results"' EXIT

dotnet build SciLeads.Auth.sln --configuration Release --disable-build-servers --verbosity quiet

# Prints the output of a suite when it has ended, so that the output of two suites does not mix.
run() {
    local suite=$1 database=$2 output
    shift 2
    output=$results/$suite.$database.txt
    TEST_DATABASE=$database dotnet test "tests/$suite" --configuration Release --no-build --nologo \
        --results-directory "$results" --logger "trx;LogFileName=$suite.$database.trx" \
        --logger 'console;verbosity=minimal' "$@" </dev/null >"$output" 2>&1 ||
        printf ' %s (%s)' "$suite" "$database" >>"$results/broken"
    printf '\n%s (%s)\n' "$suite" "$database"
    cat "$output"
}

# Runs suites, one after another, until none is left. Two lanes take turns, so that both end at about the same time. On
# PostgreSQL again: what depends on the database, not the form of requests, pages, limits and logs; at night, everything.
lane() {
    local suite database filter
    while read -r suite database filter; do
        [ -z "${TEST_NIGHTLY:-}" ] || filter=''
        # The other lane may have taken it.
        mkdir "$results/$suite.$database" 2>/dev/null || continue
        # Tests that start the servers' programs start the published ones, in half the time.
        [ ! -e "$results/published" ] || export TEST_SERVERS=$results/servers
        if [ $# -gt 0 ]; then
            [ "$suite.$database" = EndToEnd.Tests.postgres ] || run "$suite" "$database" "$@"
        else
            run "$suite" "$database" ${filter:+--filter "$filter"}
        fi
    done <<'END'
Scim.Api.Tests sqlite
EndToEnd.Tests sqlite TestCategory!=Nightly
Auth.Server.Tests sqlite
EndToEnd.Tests postgres FullyQualifiedName~Crash
Auth.Server.Tests postgres TestCategory!=AnyDatabase
Scim.Api.Tests postgres TestCategory!=AnyDatabase
END
}

lane "$@" &
deploy/publish.sh "$results/servers" >/dev/null || fail 'The servers could not be published.'
touch "$results/published"
lane "$@"
wait
# The cluster, whose processes are stopped and killed, runs alone, on a PostgreSQL server of its own.
run Cluster.Tests postgres "$@"
[ $# -gt 0 ] || run Cluster.Tests sqlite --filter FullyQualifiedName~Interleavings

if [ -n "${TEST_NIGHTLY:-}" ]; then
    printf '\nThe benchmark, without a verdict\n'
    tests/bench.sh --smoke || printf ' the benchmark' >>"$results/broken"
fi

printf '\nThe ten slowest tests (seconds)\n'
cat "$results"/*.trx | sed -n 's/.*<UnitTestResult .* testName="\([^"]*\)" .*duration="\([^"]*\)".*/\2 \1/p' |
    awk -F'[: ]' '{ seconds = $1 * 3600 + $2 * 60 + $3; sub(/^[^ ]* /, ""); printf "%7.1f  %s\n", seconds, $0 }' |
    sort -rn | sed -n '1,10{s/&quot;/"/g;p}'

counted() { cat "$results"/*.trx | sed -n "s/.*<Counters .*$1=\"\([0-9]*\)\".*/\1/p" | awk '{ sum += $1 } END { print sum + 0 }'; }

total=$(counted total)
passed=$(counted passed)
skipped=$((total - $(counted executed)))
failed=$((total - passed - skipped))
[ "$total" -gt 0 ] || fail 'No test ran.'
# A suite that was aborted may have counted no failure.
[ ! -s "$results/broken" ] || [ "$failed" -gt 0 ] || fail "Aborted:$(cat "$results/broken")."
printf '\n%s passed, %s failed' "$passed" "$failed"
[ "$skipped" -eq 0 ] || printf ', %s skipped' "$skipped"
printf '\n'
[ "$failed" -eq 0 ]
