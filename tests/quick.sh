#!/usr/bin/env bash
# Builds the servers and runs their unit and HTTP tests on SQLite, except fixtures in the category Slow: for the inner loop,
# in under two minutes on two cores.
#   tests/quick.sh                          all of them
#   tests/quick.sh Name~Filter              those that match a filter of `dotnet test`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_TieredPGO=0

command -v dotnet >/dev/null ||
    { echo 'quick.sh: The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download' >&2; exit 1; }

filter=TestCategory!=Slow${1:+"&($1)"}
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

build() { dotnet build "tests/$1" --configuration Release --verbosity quiet -nologo -p:RunAnalyzers=false; }
run() {
    dotnet test "tests/$1" --configuration Release --no-build --nologo --filter "$filter" \
        --logger 'console;verbosity=minimal' >"$output/$1" 2>&1 || touch "$output/failed"
    cat "$output/$1"
}

build Auth.Server.Tests
build Scim.Api.Tests
run Auth.Server.Tests &
run Scim.Api.Tests
wait
[ ! -e "$output/failed" ]
