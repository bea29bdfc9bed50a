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

# Both databases' Entity Framework models as C# code, so that the server need not build its model at each start.
write_models() {
    local project=$1 context=$2 models=$1/obj/Release/models database output
    [ ! "$models" -nt "$project/bin/Release/net10.0/$project.dll" ] || return 0
    rm -rf "$models.new"
    for database in Sqlite Postgres; do
        output=$(dotnet ef dbcontext optimize --project "$project" --configuration Release --no-build \
            --context "$database$context" --output-dir "obj/Release/models.new/$database" \
            --namespace "$project.Data.Models.$database" 2>&1) ||
            fail "The model of $database$context could not be generated: $output"
    done
    rm -rf "$models"
    mv "$models.new" "$models"
    touch "$models"
}

publish() {
    local project=$1 context=$2 folder=$folder/$3
    dotnet build "$project" --configuration Release --disable-build-servers --verbosity quiet
    write_models "$project" "$context"
    # Files of an earlier version must not stay, nor be overwritten while a server uses them.
    rm -rf "${folder:?}"
    # The build has analysed the same code.
    dotnet publish "$project" --configuration Release --property:CompiledModels=true --property:RunAnalyzers=false \
        --output "$folder" --disable-build-servers --verbosity quiet
}

dotnet tool restore >/dev/null || fail 'The tools in .config/dotnet-tools.json could not be installed.'
publish Auth.Server AuthDbContext auth-server
publish Scim.Api ScimDbContext scim-api
printf '%s\n' "Published in $folder: run them with dotnet auth-server/Auth.Server.dll and dotnet scim-api/Scim.Api.dll."
