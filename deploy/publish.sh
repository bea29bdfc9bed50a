#!/usr/bin/env bash
# Publishes both servers for this machine's platform, compiled to machine code, so that they start fast:
#   deploy/publish.sh            into deploy/publish/bin/auth-server and deploy/publish/bin/scim-api
#   deploy/publish.sh FOLDER     into FOLDER/auth-server and FOLDER/scim-api
# Written for bash 3.2 (macOS). Needs only the .NET SDK.
set -euo pipefail

fail() { printf 'publish.sh: %s\n' "$*" >&2; exit 1; }

[ $# -le 1 ] || fail 'There is at most one folder.'
case ${1:-} in -*) fail "There is no option $1: deploy/publish.sh [FOLDER]" ;; esac
command -v dotnet >/dev/null || fail 'The .NET 10 SDK is not installed: https://dotnet.microsoft.com/download'

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${1:-$repository/deploy/publish/bin}
mkdir -p "$folder" 2>/dev/null || fail "The folder $folder cannot be created."
folder=$(cd "$folder" && pwd -P)
cd "$repository"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

publish() {
    # Files of an earlier version must not stay, nor be overwritten while a server uses them.
    rm -rf "${folder:?}/$2"
    dotnet publish "$1" --configuration Release --output "$folder/$2" --disable-build-servers --verbosity quiet
}

publish Auth.Server auth-server
publish Scim.Api scim-api
printf '%s\n' "Published in $folder: run them with dotnet auth-server/Auth.Server.dll and dotnet scim-api/Scim.Api.dll."
