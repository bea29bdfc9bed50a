#!/usr/bin/env bash
# Shows that the cluster's test would notice: takes one safeguard of the promise after the other out of a copy of the
# repository, and wants the test to find a stale accept. Takes some minutes for each.
#   tests/mutations.sh                    all of tests/Cluster.Tests/Mutations
#   tests/mutations.sh lease floor        some of them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TEST_DATABASE=postgres

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

if [ $# -eq 0 ]; then
    for patch in tests/Cluster.Tests/Mutations/*.patch; do
        set -- "$@" "$(basename "$patch" .patch)"
    done
fi

git ls-files | tar -c -T - | tar -x -C "$copy"
missed=0
for mutation in "$@"; do
    patch=$PWD/tests/Cluster.Tests/Mutations/$mutation.patch
    (cd "$copy" && git apply "$patch")
    dotnet build "$copy/tests/Cluster.Tests" --configuration Release --disable-build-servers --verbosity quiet >"$copy/log" ||
        { cat "$copy/log"; exit 1; }
    dotnet test "$copy/tests/Cluster.Tests" --configuration Release --no-build --nologo \
        --filter FullyQualifiedName~RevocationTests >"$copy/log" 2>&1 || true
    found=$(grep -oE 'answered by [0-9]+ though set [0-9a-f-]+ had ended [0-9.]+ ms before|[0-9]+ writes of set [0-9a-f-]+ were committed after' \
        "$copy/log" | head -n 1) || true
    if [ -n "$found" ]; then
        printf '%-8s noticed: %s\n' "$mutation" "$found"
    else
        printf '%-8s NOT NOTICED\n' "$mutation"
        tail -n 20 "$copy/log"
        missed=1
    fi
    (cd "$copy" && git apply --reverse "$patch")
done
exit "$missed"
