# shellcheck shell=bash
# Where a managed peer finds its relay when the program gives a host name. `wg` resolves a name once, and waits more than a
# minute for one that does not resolve. So names are resolved here: an interface is filled whether its name resolves or not,
# and the watcher resolves it again until it does, and whenever the relay has not been heard for some minutes.
#
# Gives: named_endpoints, resolved, check_endpoints, follow_silent, watch_resolve.
# Needs, of the manifest: namespace.
# Needs, of core/protocol: peers.ts.

RESOLVE_SECONDS=10
# A session that is used is renewed after two minutes and ends after three.
SILENT_SECONDS=180

# named_endpoints TABLE: "public key TAB name:port" of the peers in a table whose endpoint is not an address.
named_endpoints() { awk -F'\t' -v OFS='\t' '$5 != "(none)" && $5 !~ /^(\[.*\]|[0-9.]+):[0-9]+$/ { print $1, $5 }' "$1"; }

# address_of NAME:PORT: the same with an address; fails when the name does not resolve. A namespace may lack the resolver
# that its machine has.
address_of() {
    local name=${1%:*} address
    address=$(first_address "$name")
    [[ -n "$address" || -z "${want[namespace]:-}" ]] || address=$(first_address "$name" nsenter --net=/proc/1/ns/net --)
    case "$address" in
    "") return 1 ;;
    *:*) printf '[%s]:%s' "$address" "${1##*:}" ;;
    *) printf '%s:%s' "$address" "${1##*:}" ;;
    esac
}

# first_address NAME [COMMAND...]: the one that the machine would use first.
first_address() { { timeout "$RESOLVE_SECONDS" "${@:2}" getent ahosts "$1" 2>/dev/null || true; } | awk 'NR == 1 { print $1 }'; }

# resolved TABLE [DEVICE]: its rows with an address for each name. A name that does not resolve becomes the place where the peer
# was last on DEVICE, else "(none)".
resolved() {
    local key name address
    named_endpoints "$1" | while IFS=$'\t' read -r key name; do
        address=$(address_of "$name" || last_endpoint "${2:-}" "$key")
        printf '%s\t%s\n' "$key" "${address:-(none)}"
    done >"$work/addresses.resolved"
    awk -F'\t' -v OFS='\t' 'FILENAME == ARGV[1] { at[$1] = $2; next } $1 in at { $5 = at[$1] } 1' "$work/addresses.resolved" "$1"
}

last_endpoint() { [[ ! -f "$etc/endpoints.$1" ]] || awk -F'\t' -v key="$2" '$1 == key { print $2 }' "$etc/endpoints.$1"; }

# endpoint_on DEVICE KEY: where WireGuard has it now.
endpoint_on() { wg show "$1" endpoints 2>/dev/null | awk -F'\t' -v key="$2" '$1 == key && $2 != "(none)" { print $2 }'; }

# check_endpoints: before anything is changed, that what is new resolves. What the interface has already stays as it is.
check_endpoints() {
    local key name device
    named_endpoints "$work/peers" >"$work/names"
    [[ ! -s "$work/names" ]] || has_command getent || refuse "getent is not on this machine, and the relay's endpoint is a host name" \
        "install it (libc-bin, glibc-common or musl-utils), or give the Relay an \`endpoint\` with an address"
    while IFS=$'\t' read -r key name; do
        ! address_of "$name" >/dev/null || continue
        device=$(oldest)
        if [[ -f "$(current peers)" ]] && named_endpoints "$(current peers)" | grep -xF -- "$key"$'\t'"$name" >/dev/null && [[ -n "$(endpoint_on "$device" "$key")" ]]; then continue; fi
        refuse "the relay's endpoint ${name%:*} does not resolve on this machine" \
            "check this machine's DNS (\`getent ahosts ${name%:*}\`), or give the Relay an \`endpoint\` with an address"
    done <"$work/names"
}

# is_silent DEVICE KEY: on the interface, and nowhere, or not heard for some minutes. A clock that was set back makes a
# handshake of the future, which says nothing.
is_silent() {
    wg show "$1" dump 2>/dev/null | awk -F'\t' -v key="$2" -v now="$EPOCHSECONDS" -v silent="$SILENT_SECONDS" '
        $1 == key && NF == 8 { found = ($3 == "(none)" || $5 < now - silent || $5 > now + silent) }
        END { exit !found }'
}

# find_moved: "interface TAB public key TAB name:port TAB address" of silent peers whose name leads elsewhere by now. Fails
# when one of the names does not resolve.
find_moved() {
    local device key name address status=0
    for device in $(interfaces); do
        # It is not created yet.
        answers_wg "$device" >/dev/null 2>&1 || status=1
        while IFS=$'\t' read -r key name; do
            is_silent "$device" "$key" || continue
            if ! address=$(address_of "$name"); then
                status=1
            elif [[ "$address" != "$(endpoint_on "$device" "$key")" ]]; then
                printf '%s\t%s\t%s\t%s\n' "$device" "$key" "$name" "$address"
            fi
        done < <(named_endpoints "$(current peers)")
    done
    return "$status"
}

# follow_names FILE: what `find_moved` found. Under the lock; an update may have been there meanwhile.
follow_names() {
    local device key name address keepalive
    while IFS=$'\t' read -r device key name address; do
        named_endpoints "$(current peers)" | grep -xF -- "$key"$'\t'"$name" >/dev/null || continue
        wg show "$device" peers 2>/dev/null | grep -xF -- "$key" >/dev/null || continue
        keepalive=$(awk -F'\t' -v key="$key" '$1 == key { print $4 }' "$(current peers)")
        # A keepalive that is switched on makes WireGuard shake hands at once.
        wg set "$device" peer "$key" endpoint "$address" persistent-keepalive 0
        wg set "$device" peer "$key" persistent-keepalive "$keepalive"
        note endpoint_resolve "name=${name%:*}" "endpoint=$address"
    done <"$1"
}

# In an apply, which holds the lock.
follow_silent() {
    [[ -s "$work/names" ]] || return 0
    find_moved >"$work/moved.names" || true
    follow_names "$work/moved.names"
}

# watch-resolve: the resolver is asked without the lock, which a machine without one would hold for long.
watch_resolve() {
    local status=0
    is_installed && [[ -f "$(current peers)" ]] || return 0
    find_moved >"$work/moved.names" || status=$UNSETTLED
    if [[ -s "$work/moved.names" ]]; then
        try_lock 5 || exit "$UNSETTLED"
        follow_names "$work/moved.names"
    fi
    exit "$status"
}
