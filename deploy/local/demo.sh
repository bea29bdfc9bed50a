# Part of local.sh: the demo account, which the first start creates and later starts keep.
# shellcheck shell=bash disable=SC2154 # local.sh sets the variables

# Keeps the key certificate and the client key: a database elsewhere, of this run or of an earlier one, may have keys that only
# this certificate decrypts, and has registered this client key. A new database can use them as well.
remove_data() {
    rm -rf "$data/logs"
    [ ! -d "$data/auth" ] || find "$data/auth" -mindepth 1 ! -name keys.pfx -delete
    rm -f "$data"/auth.db* "$data"/scim.db* "$data/scim-client.jwks" "$data"/demo.env* "$data/local.env" \
        "$data/auth-server" "$data/scim-api"
}

field() { sed -n "s/^$1: //p"; }

# Runs a command of the first start; if it fails, the start fails.
seeding() {
    "$@" 2>>"$data/logs/first-start.log" || {
        tail -n 5 "$data/logs/first-start.log" >&2
        say "local.sh: The first start failed at \"${*##*/}\". Run local.sh again to start from the beginning." >&2
        return 1
    }
}

seed_account() {
    local answer name=Demo
    # A database of yours may have the account of an earlier demo.
    [ -z "${ConnectionStrings__Auth:-}" ] || name=Demo-$(date -u +%Y%m%d%H%M%S)
    seeding "$data/auth-server" resource-servers add --jwks "$data/scim-client.jwks" >/dev/null
    answer=$(seeding "$data/auth-server" accounts create --name "$name" --scim on --licence portal=100)
    ACCOUNT_ID=$(say "$answer" | field accountId)
    ADMIN_EMAIL=admin@demo.example
    # It may have the administrator of an earlier demo, too.
    [ -z "${ConnectionStrings__Auth:-}" ] || ADMIN_EMAIL=admin-${ACCOUNT_ID##*-}@demo.example
    answer=$(seeding "$data/auth-server" administrators create --account "$ACCOUNT_ID" --email "$ADMIN_EMAIL")
    ADMIN_PASSWORD=$(say "$answer" | field password)
    answer=$(seeding "$data/auth-server" credentials generate --account "$ACCOUNT_ID" --method direct-jwt)
    SCIM_TOKEN=$(say "$answer" | field token)
    SCIM_TOKEN_SET=$(say "$answer" | field credentialSetId)
    SCIM_TOKEN_ISSUER=$auth_url
}

first_start() {
    say 'Creating the Demo account...'
    : >"$seed.unfinished"
    seeding "$data/scim-api" client-key create >"$data/scim-client.jwks"
    start auth-server
    start scim-api
    wait_until_ready auth-server "$auth_port"
    seed_account
    wait_until_ready scim-api "$scim_port"
    seeding "$data/scim-api" users import "$repository/deploy/local/people.csv" --account "$ACCOUNT_ID" >/dev/null
    write_variables "$seed" ACCOUNT_ID ADMIN_EMAIL ADMIN_PASSWORD SCIM_TOKEN SCIM_TOKEN_SET SCIM_TOKEN_ISSUER
    rm "$seed.unfinished"
}

replaced="The demo's first credentials were replaced or have ended: SCIM_TOKEN is empty. Use the latest credentials, or
  generate new ones in the portal, under SCIM Credentials."

# Sets token_note if the API token of the first start no longer works, or does not work at this address.
later_start() {
    local current
    # shellcheck disable=SC1090 # written by first_start
    . "$seed"
    start auth-server
    start scim-api
    wait_until_ready auth-server "$auth_port"
    wait_until_ready scim-api "$scim_port"
    [ -n "$SCIM_TOKEN_SET" ] || { token_note="$replaced"; return 0; }
    current=$("$data/auth-server" credentials show --account "$ACCOUNT_ID" 2>/dev/null | field credentialSetId) || true
    if [ "$current" != "$SCIM_TOKEN_SET" ]; then
        SCIM_TOKEN='' SCIM_TOKEN_SET=''
        write_variables "$seed" ACCOUNT_ID ADMIN_EMAIL ADMIN_PASSWORD SCIM_TOKEN SCIM_TOKEN_SET SCIM_TOKEN_ISSUER
        token_note="$replaced"
    elif [ "$SCIM_TOKEN_ISSUER" != "$auth_url" ]; then
        SCIM_TOKEN=''
        token_note="The demo's API token was issued by $SCIM_TOKEN_ISSUER and is not accepted at $auth_url: SCIM_TOKEN is empty in this run.
  Generate new credentials in the portal, under SCIM Credentials."
    fi
}
