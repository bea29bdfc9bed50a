# Part of local.sh: the processes of the two servers, and the scripts in the data folder that run them.
# shellcheck shell=bash disable=SC2154 # local.sh sets the variables

# Writes a script into the data folder that runs a server, or its commands, with the local settings.
write_program() {
    local name=$1 dll=$2 setting
    shift 2
    {
        say '#!/usr/bin/env bash'
        say "# Runs ${dll##*/} on the data in this folder: the server, or with arguments a command. Written by deploy/local.sh."
        say 'export ASPNETCORE_ENVIRONMENT=Production DOTNET_NOLOGO=1'
        # The servers call each other on this machine, not through an outbound proxy.
        say 'export NO_PROXY="localhost,127.0.0.1${NO_PROXY:+,$NO_PROXY}"'
        for setting in "$@"; do
            printf 'export %s=%q\n' "${setting%%=*}" "${setting#*=}"
        done
        printf 'exec %q %q "$@"\n' "$dotnet" "$dll"
    } >"$data/$name.new"
    chmod 700 "$data/$name.new"
    mv -f "$data/$name.new" "$data/$name"
}

write_programs() {
    local proxies=''
    [ -z "$public_url" ] || proxies='Auth__KnownProxies__0=127.0.0.1 Auth__KnownProxies__1=::1'
    # shellcheck disable=SC2086 # none, or two settings without spaces
    write_program auth-server "$auth_dll" \
        "Urls=http://localhost:$auth_port" \
        "ConnectionStrings__Auth=${ConnectionStrings__Auth:-Data Source=$data/auth.db}" \
        "Auth__PublicUrl=$auth_url" \
        "Auth__ScimBaseUrl=$scim_base_url" \
        "Auth__ScimApiUrl=http://127.0.0.1:$scim_port" \
        "Auth__DataDirectory=$data/auth" \
        "Auth__MigrateAtStart=true" \
        $proxies
    write_program scim-api "$scim_dll" \
        "Urls=http://localhost:$scim_port" \
        "ConnectionStrings__Scim=${ConnectionStrings__Scim:-Data Source=$data/scim.db}" \
        "Scim__BaseUrl=$scim_base_url" \
        "Scim__MigrateAtStart=true" \
        "AuthServer__Issuer=$auth_url" \
        "AuthServer__Url=http://127.0.0.1:$auth_port" \
        "AuthServer__ClientKeyFile=$data/scim-client.pem"
}

pid_of() { cat "$data/$1.pid" 2>/dev/null || true; }

# The command line of a process; empty if it has ended.
command_of() {
    if [ -d "/proc/$1" ]; then
        tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
    else
        ps -p "$1" -o args=
    fi 2>/dev/null || true
}

# Whether a process is one of our servers: the system may have reused its id.
is_server() {
    local pid=$1 command='' attempt
    [ -n "$pid" ] || return 1
    # During exec, the command line is empty for a moment; that of a zombie stays empty.
    for attempt in 1 2 3 4 5; do
        kill -0 "$pid" 2>/dev/null || return 1
        command=$(command_of "$pid")
        [ -z "$command" ] || break
        sleep 0.05
    done
    # Just after its start, the process is still this script.
    case $command in *Auth.Server.dll* | *Scim.Api.dll* | *"$data/"* | *local.sh*) ;; *) return 1 ;; esac
}

runs() { is_server "$(pid_of "$1")"; }

start() {
    nohup "$data/$1" </dev/null >>"$data/logs/$1.log" 2>&1 &
    printf '%s\n' $! >"$data/$1.pid"
    # Otherwise the shell would report its end as that of a job.
    disown
}

stop_both() {
    local pid waited=0
    local auth=$(pid_of auth-server) scim=$(pid_of scim-api)
    # First, so that local.sh in another terminal knows that the servers were stopped.
    rm -f "$data/auth-server.pid" "$data/scim-api.pid"
    for pid in $auth $scim; do
        ! is_server "$pid" || kill "$pid" 2>/dev/null || true
    done
    for pid in $auth $scim; do
        while is_server "$pid"; do
            sleep 0.1
            waited=$((waited + 1))
            [ "$waited" -lt 150 ] || kill -9 "$pid" 2>/dev/null || true
        done
    done
}

abandon() {
    trap - INT TERM HUP EXIT
    stop_both
    [ "$1" = 1 ] || say 'Stopped.'
    exit "$1"
}

died() {
    printf 'local.sh: %s ended unexpectedly. The last lines of %s:\n' "$1" "$data/logs/$1.log" >&2
    tail -n 12 "$data/logs/$1.log" >&2
    abandon 1
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || (exec 3<>"/dev/tcp/::1/$1") 2>/dev/null; }

is_ready() {
    local status=''
    status=$(exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit 0
        printf 'GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
        read -r -t 5 line <&3 && printf '%s' "$line") || true
    case $status in *' 200 '*) ;; *) return 1 ;; esac
}

wait_until_ready() {
    local name=$1 port=$2 waited=0
    until is_ready "$port"; do
        runs "$name" || died "$name"
        waited=$((waited + 1))
        [ "$waited" -lt 600 ] || { say "$name is not ready after a minute." >&2; died "$name"; }
        sleep 0.1
    done
}
