#!/usr/bin/env bash
# Plays identity providers against any SCIM server, and says what they would get. Options: --help.
set -euo pipefail
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
program=$tests/Conformance/bin/Release/net10.0/Conformance.dll

fail() { printf 'conformance.sh: %s\n' "$*" >&2; exit 1; }

command -v dotnet >/dev/null || fail 'The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download'

# Whether no source file is newer than the last build.
is_built() {
    [ -f "$program" ] && [ -z "$(cd "$tests" && find Conformance Scim.Api.Tests/Clients ../Directory.*.props \
        \( -name bin -o -name obj \) -prune -o -type f -newer "$program" -print)" ]
}

if ! is_built; then
    log=$(cd "$tests" && dotnet build Conformance -c Release --disable-build-servers --verbosity quiet 2>&1) ||
        fail "The build failed: $log"
    touch "$program"
fi
exec dotnet "$program" "$@"
