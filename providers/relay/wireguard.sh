# shellcheck shell=bash
# Who is on the relay's interfaces. What is recorded of that, in files of 0600:
#   interfaces     "interface TAB port TAB epoch TAB public key", a line for each key epoch, oldest first; key.INTERFACE beside it
#   peers          "public key TAB preshared key TAB allowed IPs TAB keepalive TAB endpoint TAB expires TAB name"
#   network        "key value" lines: addresses, MTU, routes
# An interface is filled from these three alone, at the first apply as after a reboot.
#
# Gives: interfaces, wanted_interfaces, is_recorded, is_marked, interface_exists, answers_wg, step_wireguard, is_leaf,
#   listens_on, recorded, refuse_port, step_wireguard_delete, report_wireguard.
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
