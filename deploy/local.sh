#!/usr/bin/env bash
# Runs the whole product on this machine: builds it, starts Auth.Server and Scim.Api, creates a demo account. The databases
# are SQLite files, unless ConnectionStrings__Auth and ConnectionStrings__Scim say otherwise.
# Written for bash 3.2 (macOS). Needs only the .NET SDK.
set -euo pipefail

usage() {
    cat <<'END'
Usage: deploy/local.sh [option...]

Builds and runs Auth.Server and Scim.Api on this machine, with a demo account. Ctrl-C stops both.

  --data DIR            where databases, keys, logs and local.env are (default: .local in this repository)
  --auth-port PORT      the port of Auth.Server and its portal (default: 5001)
  --scim-port PORT      the port of Scim.Api (default: 5002)
  --servers DIR         run the servers that deploy/publish.sh has published into DIR, instead of building them
  --public-url URL      the https:// address of a tunnel or TLS proxy in front of both servers
  --fresh               delete the data and start again
  --background          return when both servers are ready; they keep running
  --stop                stop the servers that use the data
  --help                this text

The databases are files in the data directory, unless ConnectionStrings__Auth and ConnectionStrings__Scim name others, such as
"Host=localhost;Username=scileads;Database=auth". Those are yours: --fresh does not delete them, and keeps the key certificate
and the client key, without which they could not be used.
END
}

say() { printf '%s\n' "$*"; }
fail() { printf 'local.sh: %s\n' "$*" >&2; exit 1; }

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
stamp=Auth.Server/bin/Release/local.stamp
. "$repository/deploy/local/servers.sh"
. "$repository/deploy/local/demo.sh"

data=$repository/.local auth_port=5001 scim_port=5002 servers='' public_url='' fresh='' background='' stop=''

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --data | --auth-port | --scim-port | --servers | --public-url)
                [ $# -gt 1 ] && [ -n "$2" ] || fail "$1 needs a value."
                case $1 in
                    --data) data=$2 ;;
                    --auth-port) auth_port=$2 ;;
                    --scim-port) scim_port=$2 ;;
                    --servers) servers=$2 ;;
                    --public-url) public_url=${2%/} ;;
                esac
                shift ;;
            --fresh) fresh=yes ;;
            --background) background=yes ;;
            --stop) stop=yes ;;
            --help | -h) usage; exit 0 ;;
            *) fail "There is no option $1. Try --help." ;;
        esac
        shift
    done

    for port in "$auth_port" "$scim_port"; do
        [[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] ||
            fail "$port is not a valid port: a number from 1 to 65535."
    done
    [ "$auth_port" != "$scim_port" ] || fail "The two servers need different ports; both were given $auth_port."
    [ -z "$public_url" ] || [[ $public_url =~ ^https://[A-Za-z0-9.-]+(:[0-9]+)?$ ]] ||
        fail "$public_url is not a valid public address: https:// and a host without a path, such as https://iam.example.com."
}

open_data() {
    [ -z "$stop" ] || [ -d "$data" ] || { say "No server uses $data."; exit 0; }
    mkdir -p "$data" 2>/dev/null || fail "The folder $data cannot be created."
    data=$(cd "$data" 2>/dev/null && pwd -P) || fail "The folder $data cannot be opened."
    { : >"$data/.writable" && rm "$data/.writable"; } 2>/dev/null || fail "The folder $data is not writable."
    # The command socket is $data/auth/commands.sock, and the kernel limits a socket's path.
    [ ${#data} -le 80 ] ||
        fail "The path $data is too long for a Unix socket in it (at most 80 characters); choose another with --data."
}

find_servers() {
    if [ -z "$servers" ]; then
        auth_dll=$repository/Auth.Server/bin/Release/net10.0/Auth.Server.dll
        scim_dll=$repository/Scim.Api/bin/Release/net10.0/Scim.Api.dll
        return
    fi
    [ -f "$servers/auth-server/Auth.Server.dll" ] && [ -f "$servers/scim-api/Scim.Api.dll" ] ||
        fail "$servers has no published servers. Publish them first: deploy/publish.sh '$servers'"
    servers=$(cd "$servers" && pwd -P)
    auth_dll=$servers/auth-server/Auth.Server.dll
    scim_dll=$servers/scim-api/Scim.Api.dll
}

check_sdk() {
    dotnet=$(command -v dotnet) || fail "The .NET 10 SDK is not installed (no dotnet on the PATH): https://dotnet.microsoft.com/download"
    (cd "$repository" && "$dotnet" --version) >/dev/null 2>&1 ||
        fail "The .NET 10 SDK is not installed, only: $("$dotnet" --list-sdks 2>/dev/null | sed 's/ .*//' | tr '\n' ' '). Get it from https://dotnet.microsoft.com/download"
}

# Whether no source file is newer than the last build.
is_built() {
    [ -f "$repository/$stamp" ] && [ -f "$auth_dll" ] && [ -f "$scim_dll" ] || return 1
    [ -z "$(cd "$repository" && find Auth.Server Scim.Api Shared.Contracts Shared.Hosting Directory.*.props global.json .editorconfig \
        \( -name bin -o -name obj \) -prune -o -newer "$stamp" -print)" ]
}

build() {
    [ -z "$servers" ] && ! is_built || return 0
    say 'Building (the first time also fetches packages, which takes a minute)...'
    local log=$data/logs/build.log project
    # Created first, because new folders count as changes. The time stamp is from before the build, so that a file that
    # is edited during the build counts as a change, too.
    for project in Auth.Server Scim.Api Shared.Contracts Shared.Hosting; do
        (umask 022 && mkdir -p "$repository/$project/bin/Release" "$repository/$project/obj")
    done
    : >"$data/build.began"
    if ! (umask 022 && cd "$repository" && DOTNET_NOLOGO=1 "$dotnet" build deploy/local/servers.slnf --configuration Release \
        --disable-build-servers) >"$log" 2>&1; then
        grep -E 'error|: warning' "$log" | sort -u | head -n 20 >&2 || tail -n 20 "$log" >&2
        fail "The build failed; see $log."
    fi
    mv -f "$data/build.began" "$repository/$stamp"
}

# A value for a file that shells read: quoted only if necessary, so that simple readers of NAME=value understand it, too.
quoted() {
    case $1 in
        *[!A-Za-z0-9_./:@=+,%-]*) printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")" ;;
        *) printf '%s' "$1" ;;
    esac
}

write_variables() {
    local file=$1 name
    shift
    for name in "$@"; do
        printf '%s=%s\n' "$name" "$(quoted "${!name}")"
    done >"$file.new"
    mv -f "$file.new" "$file"
}

report() {
    local token=${SCIM_TOKEN:-'$YOUR_API_TOKEN'}
    cat <<END

SciLeads Auth is running.

  Portal          $auth_url
  Sign in as      $ADMIN_EMAIL
  Password        $ADMIN_PASSWORD
  SCIM Base URL   $scim_base_url

  The same for scripts, with an API token: $data/local.env
  Logs: $data/logs

END
    [ -z "$token_note" ] || printf '  %s\n\n' "$token_note"
    cat <<END
Create a user:

curl -X POST $scim_base_url/Users \\
  -H "Authorization: Bearer $token" \\
  -H 'Content-Type: application/scim+json' \\
  -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"katherine.johnson@demo.example","name":{"givenName":"Katherine","familyName":"Johnson"}}'

END
}

main() {
    read_options "$@"
    umask 077
    open_data
    seed=$data/demo.env
    if [ -n "$stop" ]; then
        runs auth-server || runs scim-api || { rm -f "$data"/*.pid; say "No server uses $data."; exit 0; }
        stop_both
        say 'Stopped.'
        exit 0
    fi

    check_sdk
    find_servers
    ! runs auth-server && ! runs scim-api ||
        fail "Already running on $data. Stop it first: deploy/local.sh --stop --data '$data'"
    ! listens "$auth_port" || fail "Port $auth_port is in use by another program; choose another with --auth-port."
    ! listens "$scim_port" || fail "Port $scim_port is in use by another program; choose another with --scim-port."
    [ -z "$fresh" ] && [ ! -f "$seed.unfinished" ] || remove_data
    [ -f "$seed" ] || { [ ! -f "$data/auth.db" ] && [ ! -f "$data/scim.db" ]; } ||
        fail "$data has databases that this script did not create; choose another folder with --data, or delete them with --fresh."

    auth_url=${public_url:-http://localhost:$auth_port}
    scim_base_url=${public_url:-http://localhost:$scim_port}/scim/v2
    token_note=''
    mkdir -p "$data/logs"
    build
    write_programs

    trap 'say; abandon 130' INT
    trap 'abandon 143' TERM HUP
    trap 'abandon $?' EXIT
    if [ -f "$seed" ]; then later_start; else first_start; fi
    AUTH_URL=$auth_url SCIM_BASE_URL=$scim_base_url AUTH_SERVER=$data/auth-server SCIM_API=$data/scim-api
    write_variables "$data/local.env" \
        AUTH_URL SCIM_BASE_URL ACCOUNT_ID ADMIN_EMAIL ADMIN_PASSWORD SCIM_TOKEN AUTH_SERVER SCIM_API
    report

    if [ -n "$background" ]; then
        trap - INT TERM HUP EXIT
        say "Both servers run in the background. Stop them: deploy/local.sh --stop --data '$data'"
        exit 0
    fi
    say 'Ctrl-C stops both servers.'
    while runs auth-server && runs scim-api; do sleep 0.5; done
    # --stop in another terminal removes the pid files; otherwise a server has died.
    for name in auth-server scim-api; do
        [ ! -f "$data/$name.pid" ] || runs "$name" || died "$name"
    done
    abandon 0
}

main "$@"
