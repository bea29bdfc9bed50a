#!/usr/bin/env bash
# Rotates the SCIM credentials of one account without an outage: an example for a scheduler. Needs bash 4, curl,
# openssl and flock.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: deploy/rotate.sh option...          each option can be a variable instead: ROTATE_URL, ROTATE_ACCOUNT...

Stages new credentials, passes the secret to your vault, checks it, activates it, and makes one SCIM request with it. If
anything fails before the activation, the staged credentials are revoked and the old ones continue to work. If it is
killed at any moment, it completes the rotation when it is started again.

  --url URL             the address of SciLeads, such as https://iam.scileads.com
  --account ID          the account
  --client ID           the client of the management API (portal: Settings, Management Clients)
  --key FILE            its private P-256 key, PEM
  --key-id KID          the "kid" of that key, if its JWK set has more than one key
  --vault COMMAND       stores the secret from standard input; ROTATE_CLIENT_ID and ROTATE_SET are in its environment
  --read-back COMMAND   prints the secret in the vault, which is then checked instead
  --scim-url URL        the SCIM Base URL (default: URL/scim/v2)
  --method METHOD       direct_jwt (default) or oauth2
  --lifetime SECONDS    until the new credentials expire (default: that of the method)
  --state DIR           remembers a rotation in progress, never a secret (default: ~/.local/state/scileads-rotate)
  --help                this text

Exit codes: 0 if everything is done; 1 if the old credentials are still active; 2 if the new ones are active but do not
work; 3 if it is not known which are active: start it again.
USAGE
}

say() { printf '%s\n' "$*"; }
# Prints a sentence and exits: CODE SENTENCE...
fail() { printf 'rotate.sh: %s\n' "${*:2}" >&2; exit "$1"; }

while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --url | --account | --client | --key | --key-id | --vault | --read-back | --scim-url | --method | --lifetime | --state)
            [ $# -ge 2 ] || fail 1 "$1 needs a value."
            name=${1#--}
            name=${name//-/_}
            printf -v "ROTATE_${name^^}" '%s' "$2"
            shift 2
            ;;
        *) fail 1 "There is no option $1. --help lists them." ;;
    esac
done
for name in URL ACCOUNT CLIENT KEY VAULT; do
    variable=ROTATE_$name
    [ -n "${!variable:-}" ] || fail 1 "--${name,,} is missing. --help lists the options."
done
for tool in curl openssl flock; do
    command -v "$tool" >/dev/null || fail 1 "$tool is not installed."
done
url=${ROTATE_URL%/}
scim_url=${ROTATE_SCIM_URL:-$url/scim/v2}
method=${ROTATE_METHOD:-direct_jwt}
sets=$url/management/accounts/$ROTATE_ACCOUNT/credential-sets
state=${ROTATE_STATE:-$HOME/.local/state/scileads-rotate}
[ -r "$ROTATE_KEY" ] || fail 1 "The key $ROTATE_KEY cannot be read."
case $method in direct_jwt | oauth2) ;; *) fail 1 "--method is direct_jwt or oauth2." ;; esac
umask 077
mkdir -p "$state"
run=$state/$ROTATE_ACCOUNT
# One at a time for each account.
exec 9>"$run.lock"
flock -n 9 || fail 1 'Already running for this account.'
# What it was doing when it was killed: an idempotency key, the request body, and "revoke" if the rotation had failed. The
# new credentials may already be active, so a failure now does not mean that the old ones still are.
id='' body='' step='' unsure=1
if [ -s "$run" ]; then
    { read -r id && read -r body && { read -r step || true; }; } <"$run"
    case $body in *'"method":"oauth2"'*) method=oauth2 ;; *) method=direct_jwt ;; esac
    unsure=3
fi

# A string member of the JSON answer. The values used here never contain escapes.
member() { printf '%s' "$answer" | grep -o "\"$1\": *\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4 || true; }

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# The client's proof (RFC 7523): a JWT signed with ES256, whose signature is r and s as 32 bytes each (RFC 7518 §3.4).
assertion() {
    local now header claims signed number raw=''
    now=$(date +%s)
    header='{"alg":"ES256","typ":"client-authentication+jwt"'${ROTATE_KEY_ID:+",\"kid\":\"$ROTATE_KEY_ID\""}'}'
    claims='{"iss":"'$ROTATE_CLIENT'","sub":"'$ROTATE_CLIENT'","aud":"'$url'/","jti":"'$(openssl rand -hex 16)'","iat":'$now
    claims+=',"exp":'$((now + 60))'}'
    signed=$(printf '%s' "$header" | base64url).$(printf '%s' "$claims" | base64url)
    for number in $(printf '%s' "$signed" | openssl dgst -sha256 -sign "$ROTATE_KEY" -binary |
        openssl asn1parse -inform DER | sed -n 's/.*INTEGER *://p'); do
        number=$(printf '%64s' "$number")
        raw+=${number// /0}
    done
    [ ${#raw} = 128 ] || fail "$unsure" "$ROTATE_KEY is not a P-256 key."
    printf '%s.%s' "$signed" "$(printf '%b' "$(printf '%s' "$raw" | sed 's/../\\x&/g')" | base64url)"
}

# Secrets are passed to curl through pipes, never as arguments, which other users of this machine can see.
get_token() {
    local given new
    given=$(assertion) || exit
    answer=$(curl --silent --show-error --max-time 20 --data-binary @- "$url/connect/token" < <(
        printf '%s' "grant_type=client_credentials&scope=credentials.read%20credentials.write&client_id=$ROTATE_CLIENT" \
            '&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer' \
            "&client_assertion=$given"
    )) || return
    new=$(member access_token)
    [ -n "$new" ] || return
    token=$new
}

# Calls the API until it answers: METHOD URL KEY BODY [HEADER]. Sets status and answer; status 000 means no answer.
call() {
    local attempt options=(--silent --max-time 30 --request "$1" --write-out '\n%{http_code}')
    [ -z "${5:-}" ] || options+=(--header "$5")
    [ -z "$3" ] || options+=(--header "Idempotency-Key: $3")
    [ -z "$4" ] || options+=(--header 'Content-Type: application/json' --data-binary @-)
    for attempt in 1 2 3 4 5 6; do
        answer=$(curl "${options[@]}" --header @<(printf 'Authorization: Bearer %s\n' "$token") "$2" \
            < <(printf '%s' "$4")) || true
        status=${answer##*$'\n'}
        answer=${answer%$'\n'*}
        case $status in 000 | 5??) sleep "$attempt" ;; *) return 0 ;; esac
    done
}

# Never revokes a set that somebody has activated in the meantime.
revoke_staged() {
    [ "$step" = revoke ] || printf 'revoke\n' >>"$run"
    get_token || true
    call POST "$sets/$set/revoke" "$id-revoke" '' 'If-Match: W/"staged"'
    case $status in
        200) rm -f "$run"; fail 1 "$1 The staged credentials are revoked; the old ones continue to work." ;;
        412) rm -f "$run"; fail 3 "$1 The new credentials are no longer staged. Look at them in the portal." ;;
        *) fail 1 "$1 The old credentials continue to work. Start this again to revoke the staged ones," \
            "which otherwise end in an hour." ;;
    esac
}

activate() {
    call POST "$sets/$set/activate" "$id-activate" ''
    case $status in
        200) ;;
        4??) revoke_staged "They cannot be activated: $(member detail)." ;;
        *) fail 3 "It is not known whether they are active. Start this again." ;;
    esac
    say "Active. $(printf '%s' "$answer" | grep -o '"confirmation":{[^}]*}' || true)"
}

# One SCIM read, as the identity provider does it. Sets status.
read_scim() {
    local bearer=$secret
    if [ "$method" = oauth2 ]; then
        answer=$(curl --silent --max-time 20 --data-binary @- "$url/connect/token" \
            < <(printf '%s' "grant_type=client_credentials&client_id=$client_id&client_secret=$secret")) || true
        bearer=$(member access_token)
    fi
    status=$(curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}' \
        --header @<(printf 'Authorization: Bearer %s\n' "$bearer") "$scim_url/Users?count=1") || true
}

token=''
get_token || fail "$unsure" "$url did not issue a token: $(member error_description)"

if [ -n "$id" ]; then
    say "Continuing the rotation $id."
else
    call GET "$sets" '' ''
    [ "$status" = 200 ] || fail 1 "The credentials cannot be read: $(member detail) ($status)"
    answer=$(printf '%s' "${answer//'{"id":'/$'\n{"id":'}" | grep '"state":"active"' || true)
    old=$(member id)
    id=$(openssl rand -hex 16)
    body='{"method":"'$method'","replaces":'${old:+"\"$old\""}
    [ -n "$old" ] || body+=null
    body+=${ROTATE_LIFETIME:+",\"lifetime\":$ROTATE_LIFETIME"}',"staging":{"activation":"manual","within":3600}}'
    printf '%s\n%s\n' "$id" "$body" >"$run.new"
    mv -f "$run.new" "$run"
fi

call POST "$sets" "$id" "$body"
case $status in
    201) ;;
    4??) rm -f "$run"; fail "$unsure" "New credentials were refused: $(member detail)" ;;
    *) fail "$unsure" "It is not known whether credentials were staged. Start this again." ;;
esac
set=$(member id)
client_id=$(member clientId)
secret=$(member token)$(member clientSecret)
case $(member state) in
    staged)
        say "Staged: $set"
        [ "$step" != revoke ] || revoke_staged 'The previous rotation failed.'
        [ -n "$secret" ] || revoke_staged 'The rotation began too long ago: the secret is no longer shown.'
        ROTATE_CLIENT_ID=$client_id ROTATE_SET=$set bash -c "$ROTATE_VAULT" 9>&- < <(printf '%s' "$secret") ||
            revoke_staged 'The vault did not accept the secret.'
        given=$secret
        if [ -n "${ROTATE_READ_BACK:-}" ]; then
            given=$(bash -c "$ROTATE_READ_BACK" </dev/null 9>&-) || revoke_staged 'The vault cannot be read.'
        fi
        # The vault may have taken longer than the lifetime of a token.
        get_token || true
        # The vault may return any text.
        given=${given//\\/\\\\}
        given=${given//\"/\\\"}
        call POST "$sets/$set/check" '' "{\"secret\":\"$given\"}"
        [ "$status" = 200 ] || revoke_staged "The check failed: $(member detail)."
        say 'In the vault, and checked.'
        activate
        ;;
    active) activate ;;
    *)
        rm -f "$run"
        fail "$unsure" "These credentials have ended in the meantime. Look at the portal, and start a new rotation."
        ;;
esac

if [ -z "$secret" ]; then
    rm -f "$run"
    say 'The secret is no longer shown, so it is not tried. Done.'
    exit 0
fi
for attempt in 1 2 3 4 5; do
    read_scim
    [ "$status" != 200 ] || break
    sleep "$attempt"
done
rm -f "$run"
[ "$status" = 200 ] || fail 2 "The new credentials are active, but a SCIM request with them is answered with $status."
say 'A SCIM request with them succeeded. Done.'
