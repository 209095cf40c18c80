# shellcheck shell=bash
# For a relay that no connection leads to: one file holds this program and the bundles of all steps, is carried to the
# machine and run there. It ends in a receipt, which is carried back.
#
# The file is a head, which starts this program with `script FILE`, and sections: a line "@@name", then its lines.
# Section "script" is a table of what all steps share, "program" is this program, "step NAME" is a bundle.
#
# Gives: run_script, step_check, refuse_older_script, family_of, step_requests, service_key, step_receipt.
# Needs, of the manifest: steps, edition, owner, etc, run, inner, outer, services, interface, table.
# Needs, of core/protocol: certificates.ts, receipt.ts, services.ts.

section() { awk -v name="@@$2" '/^@@/ { on = ($0 == name); next } on' "$1"; }

# stop PROBLEM FIX: what `refuse` says to a program, said to a person.
stop() {
    printf 'stopped: %s; %s\n' "$1" "$2" >&2
    exit 3
}

run_script() {
    local name number=0 steps=()
    [[ "$EUID" -eq 0 ]] || stop "changing a relay needs root, this is user $(id -un)" "run it with sudo"
    read_values "$1"
    make_work_folder
    # What runs is what was hashed, whatever becomes of the file meanwhile.
    cp -- "$1" "$work/script"
    read_values "$work/script"
    [[ -n "$(type -P flock)" ]] || stop "flock is not on this machine" "install util-linux"
    install -d -m 0700 -- "$run"
    exec 8>"$run/script.lock"
    flock -n 8 || stop "another script of this relay is running" "wait until it is done"
    read -ra steps <<<"${want[steps]}"
    for name in "${steps[@]}"; do
        number=$((number + 1))
        printf '%s/%s %s\n' "$number" "${#steps[@]}" "$name"
        run_part "$name"
        case "$name" in removals | wireguard) stop_unless_gone "$name" ;; esac
        [[ "$name" != host ]] || printf '%s\n' "${want[edition]}" | install_file "$etc/edition"
    done
    if [[ "$name" == receipt ]]; then print_receipt "$1"; else printf 'the relay %s is gone from this machine\n' "${want[owner]}"; fi
}

# read_values FILE: what all steps of a script share.
read_values() {
    local key value
    while IFS=$'\t' read -r key value; do want[$key]=$value; done < <(section "$1" script)
    etc=${want[etc]}
    run=${want[run]}
}

# A program of its own for each step, so that whatever fails in one ends all.
run_part() {
    { section "$work/script" "step $1"; printf '@program\n'; section "$work/script" program; } >"$work/bundle"
    if ! bash "$0" <"$work/bundle" >"$work/answer.$1" 2>"$work/errors" 8>&-; then
        {
            printf 'stopped at step %s:\n' "$1"
            awk '/^@/ { on = /^@(refused|error)$/; next } on { print "   " $0 }' "$work/answer.$1"
            sed 's/^/    /; s/[A-Za-z0-9+\/]\{43\}=/[key]/g' "$work/errors"
            printf 'no access was opened; fix the reported problem and run the script again\n'
        } >&2
        exit 3
    fi
}

# A receipt says that who was cut is gone; none is printed unless that is so.
stop_unless_gone() {
    local left
    left=$(part "$1" proof | awk -F'\t' '$1 == " left" { print $3 }' | sort -u | paste -sd , -)
    [[ -z "$left" ]] || stop "who was cut off is still in $left" "run the script again"
    left=$(part "$1" problems | cut -f 2 | paste -sd , -)
    [[ -z "$left" ]] || stop "not everything could be taken away: $left" "run the script again"
}

# part ANSWER NAME: one file of a step's answer, still indented.
part() { awk -v name="@$2" '/^@/ { on = ($0 == name); next } on' "$work/answer.$1"; }

# The code at its end proves to the author of the script that the receipt is from it.
print_receipt() {
    local file app
    app=$(app_name)
    {
        printf '@receipt\n'
        printf ' version\t1\n owner\t%s\n edition\t%s\n script\t%s\n' "${want[owner]}" "${want[edition]}" "$(sha256sum <"$work/script" | cut -d ' ' -f 1)"
        part receipt receipt
        printf '@peers\n'
        part receipt peers
        printf '@removed\n'
        { part removals removed | awk -F'\t' '$1 == " peer" { print " " $2 }'; part wireguard removed; } | sort -u
        printf '@services\n'
        part receipt services
        [[ ! -f "$work/answer.requests" ]] || awk '/^@/ { on = /^@request\./ } on' "$work/answer.requests"
    } >"$work/receipt"
    {
        printf -- '-----BEGIN %s RECEIPT-----\n' "${app^^}"
        { cat "$work/receipt"; printf '@code\n %s\n' "$(code_of "$work/receipt")"; } | base64
        printf -- '-----END %s RECEIPT-----\n' "${app^^}"
    } >"$work/pasteable"
    file=$1.receipt
    install_file "$file" <"$work/pasteable" 2>/dev/null || { file=$etc/receipt; install_file "$file" <"$work/pasteable"; }
    printf 'done. This receipt is also in %s; give it to the program as hosts.script({ receipt }):\n' "$file"
    cat "$work/pasteable"
}

# HMAC-SHA256 (RFC 2104). The key comes as its two padded blocks in hex, and is in no argument of any program.
code_of() {
    local inner
    inner=$({ bytes "${want[inner]}"; cat "$1"; } | sha256sum | cut -d ' ' -f 1)
    { bytes "${want[outer]}"; bytes "$inner"; } | sha256sum | cut -d ' ' -f 1
}
bytes() {
    local hex=$1 text=""
    while [[ -n "$hex" ]]; do
        text+="\\x${hex:0:2}"
        hex=${hex:2}
    done
    printf '%b' "$text"
}

# What is looked at from afar before a change of any other host: here the machine looks itself.
step_check() {
    check_machine
    refuse_older_script
    if [[ "${want[services]}" != 0 ]]; then
        has_command openssl || refuse "openssl is not installed, and services need it for their keys" "install it"
        caddy_binary >/dev/null ||
            refuse "caddy is not installed, and services need it" "copy it to $(caddy_folder)/caddy, or install it"
    fi
    check_networks
    check_routes
}

refuse_older_script() {
    [[ -z "${want[edition]:-}" || ! -f "$etc/edition" || ! "$(<"$etc/edition")" > "${want[edition]}" ]] ||
        refuse "this script is of ${want[edition]}, but the machine has already run the one of $(<"$etc/edition")" \
            "run the newest one: an older one could admit peers that were removed since"
}

family_of() { case "$1" in *:*) printf -- '-6' ;; *) printf -- '-4' ;; esac; }

# A tunnel network that the machine already routes elsewhere would take that network away from it.
check_networks() {
    local network family taken
    while read -r network; do
        family=$(family_of "$network")
        taken=$({
            ip -o "$family" route show root "$network"
            ip -o "$family" route show table local root "$network" | sed 's/^[a-z]* //'
        } | awk -v ours="${want[interface]}" '
            { device = ""; for (i = 1; i < NF; i++) if ($i == "dev") device = $(i + 1) }
            $1 != "default" && $1 !~ /^(fe80|ff)/ && device != ours && device != "lo" { print $1 " on " device }')
        [[ -z "$taken" ]] || refuse "the tunnel's network $network overlaps ${taken%%$'\n'*} of this machine" \
            "choose a tunnel network that the machine does not use"
    done <"$work/networks"
}

# A peer's route over the machine's own gateway or address would send its own traffic into the tunnel. The kernel
# says which route holds an address, in a network namespace that has only these routes.
check_routes() {
    [[ -s "$work/routes" ]] || return 0
    {
        ip -o -4 address show; ip -o -6 address show
    } | awk -v ours="${want[interface]}" '$2 != ours && $2 != "lo" && $4 !~ /^fe80/ { sub(/\/.*/, "", $4); print $4 }' >"$work/own"
    { ip -4 route show; ip -6 route show; } |
        awk '{ for (i = 1; i < NF; i++) if ($i == "via" && $(i + 1) !~ /^(inet|fe80)/) print $(i + 1) }' >>"$work/own"
    [[ -z "${SSH_CONNECTION:-}" ]] || printf '%s\n' "${SSH_CONNECTION%% *}" >>"$work/own"
    # shellcheck disable=SC2016 # expands in the inner shell
    unshare -n bash -c '
        set -euo pipefail
        ip link set lo up
        family() { case "$1" in *:*) printf -- "-6" ;; *) printf -- "-4" ;; esac; }
        declare -A any=()
        while read -r route; do ip "$(family "$route")" route add "$route" dev lo table 77; any[$(family "$route")]=1; done <"$1"
        while read -r address; do
            [[ -n "${any[$(family "$address")]:-}" ]] || continue
            ip "$(family "$address")" route show table 77 match "$address" | sed "s|^\([^ ]*\).*|\1 $address|"
        done <"$2"' check "$work/routes" "$work/own" >"$work/held"
    local route address
    read -r route address <"$work/held" || return 0
    refuse "the route $route contains $address, which is the address of this machine, of its gateway, or the one that you connect from" "declare a smaller network"
}

# Keys of services are made here and stay here; what leaves is a request for a certificate.
step_requests() {
    require_set_up
    install -d -m 0700 -- "$etc/keys"
    local name algorithm key file
    while IFS=$'\t' read -r name algorithm; do
        key=$etc/keys/$name-$algorithm.key
        [[ -s "$key" ]] || service_key "$algorithm" | install_file "$key"
        openssl req -new -key "$key" -subj "/CN=$name" -config <(printf '[req]\ndistinguished_name = dn\n[dn]\n') | answer "request.$name"
    done <"$work/wanted"
    for file in "$etc"/keys/*.key; do
        [[ -e "$file" ]] || continue
        key=${file##*/}
        key=${key%.key}
        awk -F'\t' -v key="$key" '$1 "-" $2 == key { found = 1 } END { exit !found }' "$work/wanted" || rm -f -- "$file"
    done
}

service_key() {
    case "$1" in
    ed25519) openssl genpkey -algorithm ed25519 ;;
    ecdsa-p256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 ;;
    esac
}

# The live state after all steps. A reader of the receipt cannot query again, so a difference is an error here.
step_receipt() {
    local interface=${want[interface]} name port addresses address state
    wg show "$interface" peers | sort >"$work/live"
    sort "$work/keys" >"$work/wanted"
    cmp -s "$work/live" "$work/wanted" || refuse "the interface does not have exactly the declared peers" "run the script again"
    table_exists || refuse "the nftables table inet ${want[table]} does not exist" "run the script again"
    {
        printf 'machine\t%s\n' "$(machine_id)"
        printf 'publicKey\t%s\n' "$(wg show "$interface" public-key)"
        printf 'generation\t%s\n' "$(<"$etc/generation")"
        printf 'wireguard\t%s\n' "$(backend)"
        if uses_systemd; then printf 'supervisor\tsystemd\n'; else printf 'supervisor\tprocesses\n'; fi
    } | answer receipt
    wg show "$interface" allowed-ips | sort | answer peers
    while IFS=$'\t' read -r name port _ addresses; do
        state=open
        for address in $addresses; do
            owns_listener "$(ss -H -ltnp "sport = :$port" | awk -v a="$address:$port" -v b="[$address]:$port" '!found && ($4 == a || $4 == b) { print $NF; found = 1 }')" || state=closed
        done
        printf '%s\t%s\n' "$name" "$state"
    done <"$work/services" | answer services
}
