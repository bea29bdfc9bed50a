#!/usr/bin/env bash
# Plays Okta: OAuth 2.0 with the servers of deploy/local.sh, each step explained. Options: --help.
set -euo pipefail
deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
command -v dotnet >/dev/null || {
    printf 'try-oauth.sh: The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download\n' >&2
    exit 1
}
export DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
exec dotnet run "$deploy/try-oauth.cs" -- --data "${deploy%/*}/.local" "$@"
