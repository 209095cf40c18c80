# shellcheck shell=bash
# Who is on the relay's interfaces. What is recorded of that, in files of 0600:
#   interfaces     "interface TAB port TAB epoch TAB public key", a line for each key epoch, oldest first; key.INTERFACE beside it
#   peers          "public key TAB preshared key TAB allowed IPs TAB keepalive TAB endpoint TAB expires TAB name"
#   network        "key value" lines: addresses, MTU, routes
# An interface is filled from these three alone, at the first apply as after a reboot.
#
# Gives: interfaces, wanted_interfaces, is_recorded, is_marked, interface_exists, answers_wg, step_wireguard, is_leaf,
#   conf_of, recorded, refuse_port, step_wireguard_delete, report_wireguard.
# Needs, of the manifest: interface, table, role, identity.
# Needs, of core/protocol: carried.ts, devices.ts, interfaces.ts, moved.ts, moving.ts, network.ts, peers.ts, removed.ts.

# Every interface of this relay that is recorded, a line each: one, or two while its key is rotated.
interfaces() { if [[ -s "$etc/interfaces" ]]; then awk -F'\t' 'NF >= 4 { print $1 }' "$etc/interfaces"; else printf '%s\n' "${want[interface]}"; fi; }

wanted_interfaces() { cut -f 1 "$work/interfaces"; }

is_recorded() { [[ -f "$etc/peers" ]] && cut -f 1 "$etc/interfaces" 2>/dev/null | grep -xF -- "$1" >/dev/null; }
# A relay that lost a part of its records knows its interface by the others: the next apply writes all of them again.
is_marked() { [[ "$1" == "${want[interface]}" || -s "$etc/key.$1" ]] && [[ -f "$etc/mark.wireguard" || -f "$etc/peers" ]]; }
interface_exists() { ip link show dev "$1" >/dev/null 2>&1; }
answers_wg() { wg show "$1" public-key; }

step_wireguard() {
    require_set_up
    install_program
    prepare_keys
    local device
    # No interface without its table, and removals do not wait: a deleted table is loaded again.
    table_is_whole || restore_firewall
    sweep_listeners
    admitted_peers
    : >"$work/new"; : >"$work/cut"
    while IFS=$'\t' read -r device port _; do claim_interface "$device" "$port"; done <"$work/interfaces"
    overlapping_peers
    check_retirement
    backup_keys
    for device in $(wanted_interfaces); do plan_peers "$device"; done
    cut_from_record
    check_endpoints
    validate_peers
    # On a managed peer's machine every address leads to the relay, and who is behind it the relay decides.
    is_leaf || narrow "$work/cut"
    record_wireguard
    ours_nft | nft -f -
    load_owners
    for device in $(wanted_interfaces); do
        if grep -qxF -- "$device" "$work/new"; then
            inherit_endpoints "$device"
            start_interface "$device"
        else
            change_peers "$device"
            set_network "$device"
            watch_interface "$device"
        fi
    done
    follow_silent
    count_from_now
    remove_retired
    # Unknown interfaces in the table are removed, now that all of ours are protected.
    { printf 'flush set inet %s ours\n' "${want[table]}"; ours_nft; } | load_sets
    open_epochs
    forget_endpoints
    forget_gone
    end_connections
    restart_watch
    # Peers that expired meanwhile: the watcher removed them from the interface, and waits for the lock with the rest.
    ! expiry_due || expire_peers
    write_mark wireguard
    commit
    clear_gone
    rm -f -- "$etc/carried"
    prove_gone
    sort -u "$work"/*.removed | answer removed
    report_wireguard
}

# Whether this is the machine of a managed peer: its one peer is the relay.
is_leaf() { [[ "${want[role]:-}" == leaf ]]; }

# claim_interface DEVICE PORT: it is ours, or it can be made. What is there is read into $work/DEVICE.live.
claim_interface() {
    if interface_exists "$1"; then
        is_recorded "$1" || is_marked "$1" || adopt_interface "$1"
        if answers_wg "$1" >/dev/null 2>&1; then
            wg show "$1" dump | tail -n +2 >"$work/$1.live"
            listens_on "$1" "$2" || check_port "$2"
            return 0
        fi
        ip link del dev "$1"
    elif ! is_recorded "$1"; then
        check_socket "$1"
        check_port "$2"
    elif ! alive "wireguard.$1"; then
        check_port "$2"
    fi
    : >"$work/$1.live"
    printf '%s\n' "$1" >>"$work/new"
}

# Keys come with the bundle, or were made here and never leave.
prepare_keys() {
    local device port epoch public file
    while IFS=$'\t' read -r device port epoch public; do
        if [[ "${want[identity]:-state}" == host ]]; then
            file=$etc/identity.$epoch.key
            if [[ ! -s "$file" ]]; then
                if ! is_recorded "$device"; then
                    wg genkey | install_file "$file"
                elif [[ -s "$etc/key.$device" && "$(recorded "$device" 3)" == "$epoch" ]]; then
                    # A key that was in the state as well: it goes on here.
                    install_file "$file" <"$etc/key.$device"
                else
                    refuse "the relay's key is gone from $file" "run the whole setup again: every peer then needs a new configuration"
                fi
            fi
            cat "$file" >"$work/key.$device"
            public=$(wg pubkey <"$file")
        fi
        printf '%s\t%s\t%s\t%s\n' "$device" "$port" "$epoch" "$public" >>"$work/interfaces.full"
    done <"$work/interfaces"
    mv -f -- "$work/interfaces.full" "$work/interfaces"
}

# plan_peers DEVICE: live against desired: which peers to remove, what to write, and which addresses change their meaning: not
# those that go to another key of the same peer.
# Allowed IPs are compared as sets.
plan_peers() {
    : >"$work/$1.removed"; : >"$work/$1.delta"
    awk -F'\t' -v removed="$work/$1.removed" -v delta="$work/$1.delta" -v cut="$work/cut" '
        function same(a, b,   x, y, n, m, i, seen) {
            n = split(a, x, ","); m = split(b, y, ",")
            if (n != m) return 0
            for (i in x) seen[x[i]] = 1
            for (i in y) if (!(y[i] in seen)) return 0
            return 1
        }
        FILENAME == ARGV[1] { heir[$1, $2]; next }
        FILENAME == ARGV[2] { psk[$1] = $2; ips[$1] = $3; keep[$1] = $4; row[$1] = $0; order[++count] = $1
                    n = split($3, list, ","); for (i = 1; i <= n; i++) owner[list[i]] = $1; next }
        { n = ($4 == "(none)" ? 0 : split($4, list, ","))
          for (i = 1; i <= n; i++) if (owner[list[i]] != $1 && !(($1, owner[list[i]]) in heir)) { text = list[i]; sub(/\/(32|128)$/, "", text); print text >> cut }
          if (!($1 in ips)) { print $1 > removed; next }
          if (psk[$1] == $2 && same(ips[$1], $4) && keep[$1] == $8) done[$1] = 1 }
        END { for (i = 1; i <= count; i++) if (!(order[i] in done)) print row[order[i]] > delta }
    ' "$work/successors" "$work/peers" "$work/$1.live"
    # Where it was told to find the relay is in the record alone: the wire knows where it found it last.
    if is_leaf && ! cmp -s "$work/peers" "$(current peers)"; then cp -- "$work/peers" "$work/$1.delta"; fi
}

# Addresses that the record gives to another key: the wire does not say so when an interface is down.
cut_from_record() {
    [[ ! -f "$(current peers)" ]] || awk -F'\t' '
        function plain(text) { sub(/\/(32|128)$/, "", text); return text }
        { n = ($3 == "(none)" ? 0 : split($3, list, ",")) }
        FILENAME == ARGV[1] { heir[$1, $2]; next }
        FILENAME == ARGV[2] { for (i = 1; i <= n; i++) owner[list[i]] = $1; next }
        { for (i = 1; i <= n; i++) if (owner[list[i]] != $1 && !(($1, owner[list[i]]) in heir)) print plain(list[i]) }
    ' "$work/successors" "$work/peers" "$(current peers)" >>"$work/cut"
}

# What counts at the next boot, before it counts on the wire.
record_wireguard() {
    local device
    for device in $(wanted_interfaces); do install_file "$etc/key.$device" <"$work/key.$device"; done
    [[ "${want[identity]:-state}" == host ]] || rm -f -- "$etc"/identity.*.key
    remember_retired
    install_file "$etc/moving" <"$work/moving"
    install_file "$etc/interfaces" <"$work/interfaces"
    if must_be_confirmed "$work/network" "$etc/network"; then
        disturbed_peers | sort -u >"$work/disturbed"
        remember_health "$work/disturbed"
        stage_file network <"$work/network"
        stage_file peers <"$work/peers"
        if [[ -f "$etc/peers" ]]; then
            common_peers >"$work/peers.safe"
            install_file "$etc/peers" <"$work/peers.safe"
        fi
        arm_rollback
    else
        install_file "$etc/network" <"$work/network"
        install_file "$etc/peers" <"$work/peers"
    fi
}

# Keys of peers that the plan itself interrupts: who is cut, loses an address or gets another secret; with another key or
# port of an interface, all its peers.
disturbed_peers() {
    local device port public
    for device in $(interfaces); do
        wanted_interfaces | grep -xF -- "$device" >/dev/null || wg show "$device" peers 2>/dev/null || true
    done
    while IFS=$'\t' read -r device port _ public; do
        if [[ "$(wg show "$device" public-key 2>/dev/null)" != "$public" ]] || ! listens_on "$device" "$port"; then
            cut -f 1 "$work/$device.live"
            continue
        fi
        awk -F'\t' '
            NR == FNR { psk[$1] = $2; n = split($3, list, ","); for (i = 1; i <= n; i++) has[$1, list[i]] = 1; next }
            { lost = ($1 in psk) ? psk[$1] != $2 : 1
              n = split($4 == "(none)" ? "" : $4, list, ","); for (i = 1; i <= n; i++) if (!(($1, list[i]) in has)) lost = 1
              if (lost) print $1 }' "$work/peers" "$work/$device.live"
    done <"$work/interfaces"
}

# The recorded peers that are in the new table as well, and of their allowed IPs those that it leaves them.
common_peers() {
    awk -F'\t' -v OFS='\t' '
        function common(old, new,   a, b, n, m, i, wanted, out) {
            n = split(old, a, ","); m = split(new, b, ",")
            for (i = 1; i <= m; i++) wanted[b[i]] = 1
            for (i = 1; i <= n; i++) if (a[i] in wanted) out = out (out == "" ? "" : ",") a[i]
            return out
        }
        NR == FNR { new[$1] = $3; next }
        $1 in new { $3 = common($3, new[$1]); if ($3 != "") print }
    ' "$work/peers" "$etc/peers"
}

# conf_of TABLE: its peers as `wg setconf` and `wg addconf` take them. Written in full: what is left out is not left
# alone (a preshared key and a keepalive stay), but for allowed IPs, which are none then.
conf_of() {
    awk -F'\t' '{
        print "[Peer]\nPublicKey = " $1
        print "PresharedKey = " ($2 == "(none)" ? "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" : $2)
        print "PersistentKeepalive = " $4
        if ($3 != "(none)") print "AllowedIPs = " $3
        if ($5 != "(none)") print "Endpoint = " $5 }' "$1"
}

# Load what is about to be written into an interface that disappears with its namespaces. A private tmpfs over
# the socket directory keeps a userspace relay of the same name out of it. Without endpoints: no name resolves in there.
validate_peers() {
    sort -u "$work"/*.delta | awk -F'\t' -v OFS='\t' '{ $5 = "(none)"; print }' >"$work/validate"
    [[ -s "$work/validate" ]] || return 0
    conf_of "$work/validate" >"$work/validate.conf"
    # shellcheck disable=SC2016 # expands in the inner shell
    unshare -n -m bash -c '
        set -euo pipefail
        mkdir -p /var/run/wireguard
        mount -t tmpfs -o mode=0700 none /var/run/wireguard
        if ! ip link add qptcheck type wireguard 2>/dev/null; then
            wireguard-go -f qptcheck </dev/null >/dev/null 2>&1 9>&- &
            trap "kill $! 2>/dev/null || true" EXIT
            for _ in {1..250}; do [[ -S /var/run/wireguard/qptcheck.sock ]] && break; sleep 0.02; done
        fi
        wg addconf qptcheck "$1"' validate "$work/validate.conf" 2>"$work/validation" ||
        refuse "WireGuard does not accept the new peers: $(tail -n 1 "$work/validation")" "this is a fault of this library; please report it"
}

# change_peers DEVICE: removals go first: an address that moves must never have two owners, and who is cut is cut
# before any peer is added.
change_peers() {
    local device=$1
    remove_peers "$device" <"$work/$device.removed"
    [[ "$(wg show "$device" public-key)" == "$(recorded "$device" 4)" ]] || wg set "$device" private-key "$etc/key.$device"
    # wireguard-go rebinds its socket on every listen-port, even for the same port.
    listens_on "$device" "$(recorded "$device" 2)" || wg set "$device" listen-port "$(recorded "$device" 2)"
    [[ "$(wg show "$device" fwmark)" == off ]] || wg set "$device" fwmark 0
    [[ -s "$work/$device.delta" ]] || return 0
    # Peers that have expired since this was planned are not restored.
    select_peers current "$work/$device.delta" >"$work/$device.delta.current"
    resolved "$work/$device.delta.current" >"$work/$device.delta.resolved"
    conf_of "$work/$device.delta.resolved" >"$work/$device.delta.conf"
    # Switching on a keepalive makes WireGuard start a handshake at once; nothing else initiates one here.
    if is_leaf; then
        awk -F'\t' 'NR == FNR { there[$1]; next } $1 in there { print "peer", $1, "persistent-keepalive", 0 }' "$work/$device.live" "$work/$device.delta" | xargs -r wg set "$device"
    fi
    wg addconf "$device" "$work/$device.delta.conf"
}

# listens_on DEVICE PORT: 0 is any.
listens_on() { [[ "$2" == 0 || "$(wg show "$1" listen-port 2>/dev/null)" == "$2" ]]; }

# recorded DEVICE FIELD: of the record of interfaces.
recorded() { awk -F'\t' -v device="$1" -v field="$2" '$1 == device { print $field; exit }' "$etc/interfaces"; }

check_port() { [[ "$1" == 0 || -z "$(ss -H -lun "sport = :$1")" ]] || refuse_port "$1"; }

refuse_port() { refuse "UDP port $1 is used by another program" "stop it, or give the Relay another \`listenPort\`"; }

# wireguard-go keeps its sockets in one directory for all network namespaces.
check_socket() {
    [[ ! -S "/var/run/wireguard/$1.sock" ]] || ip link show type wireguard dev "$1" >/dev/null 2>&1 ||
        ! wg show "$1" >/dev/null 2>&1 ||
        refuse "a wireguard-go for $1 already runs in another network namespace of this machine" "give the Relay another \`interface\`"
}

step_wireguard_delete() {
    bears_mark wireguard || { echo skipped | answer skipped; return 0; }
    close_sets
    local device devices
    devices=$(interfaces)
    rm -f -- "$etc/peers"
    stop_watch
    for device in $devices; do remove_interface "$device"; done
    remove_retired
    close_epochs
    forget_forwarding
    load_owners
    # The kernel is asked again: a removal is recorded as what it says.
    for device in $devices; do
        if interface_exists "$device"; then printf '%s\tpresent\n' "$device"; else printf '%s\tabsent\n' "$device"; fi
    done | answer devices
    rm -f -- "$etc"/{interfaces,network,moving,mark.wireguard} "$etc"/key.* "$etc"/endpoints.*
    commit
}

# What the kernel says; counters and endpoints are dropped by the reader.
report_wireguard() {
    local device
    report_former
    [[ ! -f "$etc/interfaces" ]] || answer interfaces <"$etc/interfaces"
    report_expired
    [[ ! -f "$etc/moving" ]] || answer moving <"$etc/moving"
    [[ ! -f "$etc/moved" ]] || answer moved <"$etc/moved"
    report_sysctls
    for device in $(interfaces); do
        interface_exists "$device" || continue
        # A mute interface is reported as such rather than as an error: a refresh must name it.
        if [[ "$step" == status ]]; then public_dump "$device"; else wg show "$device" dump 2>/dev/null || true; fi | answer "dump.$device"
        report_network "$device" | answer "network.$device"
    done
}
