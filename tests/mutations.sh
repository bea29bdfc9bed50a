#!/usr/bin/env bash
# Shows that tests notice when a safeguard is missing: removes each in turn from a copy of the repository, and expects the
# tests that its patch names to fail. Runs on PostgreSQL and takes some minutes for each.
#   tests/mutations.sh                    all of tests/Mutations
#   tests/mutations.sh lease floor        some of them
# Above its diff, a patch says what goes wrong without the safeguard, which tests of which suite must fail (tests: SUITE
# CLASS) and, if not any failure will do, what they must print (notices: a regular expression).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TEST_DATABASE=postgres

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

if [ $# -eq 0 ]; then
    for patch in tests/Mutations/*.patch; do
        set -- "$@" "$(basename "$patch" .patch)"
    done
fi

git ls-files | tar -c -T - | tar -x -C "$copy"
missed=0
for mutation in "$@"; do
    patch=$PWD/tests/Mutations/$mutation.patch
    read -r suite tests <<<"$(sed -n 's/^tests: //p; /^diff /q' "$patch")"
    notices=$(sed -n 's/^notices: //p; /^diff /q' "$patch")
    (cd "$copy" && git apply "$patch")
    dotnet build "$copy/tests/$suite" --configuration Release --disable-build-servers --verbosity quiet >"$copy/log" ||
        { cat "$copy/log"; exit 1; }
    dotnet test "$copy/tests/$suite" --configuration Release --no-build --nologo \
        --filter "FullyQualifiedName~$tests" >"$copy/log" 2>&1 || true
    found=$(grep -oE "${notices:-^ +Failed .*}" "$copy/log" | head -n 1) || true
    if [ -n "$found" ]; then
        printf '%-20s noticed: %s\n' "$mutation" "$(echo $found)"
    else
        printf '%-20s NOT NOTICED\n' "$mutation"
        tail -n 20 "$copy/log"
        missed=1
    fi
    (cd "$copy" && git apply --reverse "$patch")
done
exit "$missed"
