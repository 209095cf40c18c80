# shellcheck shell=bash
# An interface itself: made, filled from the record, kept running, its addresses and routes.
#
# Gives: unit_of, start_interface, remove_interface, setconf_of, configure_interface, boot_wireguard, is_ready, is_kept,
#   supervise_wireguard, set_network, live_routes, report_network.
# Needs, of the manifest: interface, name.
# Needs, of core/protocol: interfaces.ts, moved.ts, network.ts, peers.ts.

unit_of() { if [[ "$1" == "${want[interface]}" ]]; then printf '%s-wireguard.service' "${want[name]}"; else printf '%s-wireguard-b.service' "${want[name]}"; fi; }

# start_interface DEVICE: the same at the first apply, after a reboot, and when wireguard-go had to be restarted.
start_interface() {
    local device=$1
    require_guard "$device"
    if uses_systemd; then
        rm -f -- "$run/$device.ready"
        # Returns when the interface is filled.
        { systemctl --quiet restart "$(unit_of "$device")" && interface_filled "$device"; } || refuse "$(unit_of "$device") did not bring up $device" \
            "check its log: \`journalctl -u $(unit_of "$device")\`"
    elif rm -f -- "$run/$device.ready" && ip link add dev "$device" type wireguard 2>/dev/null; then
        configure_interface "$device"
        is_ready "$device"
    else
        stop_process "wireguard.$device"
        supervise "wireguard.$device.supervisor" supervise-wireguard "$device"
        wait_for 30 interface_ready "$device" || refuse "wireguard-go did not bring up $device within 30 s" \
            "check that /dev/net/tun exists and that wireguard-go starts: \`wireguard-go -f $device\`"
    fi
}
interface_filled() { [[ -f "$run/$1.ready" ]] && answers_wg "$1"; }
interface_ready() { interface_filled "$1" && alive "wireguard.$1"; }

remove_interface() {
    ! uses_systemd || systemctl --quiet stop "$(unit_of "$1")"
    stop_process "wireguard.$1"
    ! interface_exists "$1" || ip link del dev "$1"
    rm -f -- "$run/$1.ready" "$run/$1.running" "/var/run/wireguard/$1.sock"
}

# What `wg setconf` and `wg syncconf` take: an omitted private key would be wiped, an omitted port moved.
setconf_of() {
    printf '[Interface]\nPrivateKey = %s\nListenPort = %s\n' "$(<"$etc/key.$1")" "$(recorded "$1" 2)"
    select_peers current "$(current peers)" >"$work/$1.peers"
    resolved "$work/$1.peers" "$1" >"$work/$1.peers.resolved"
    conf_of "$work/$1.peers.resolved"
}

configure_interface() {
    setconf_of "$1" >"$work/$1.conf"
    wg setconf "$1" "$work/$1.conf"
    # A supervisor lives as long as its interface: it keeps no keys in memory.
    rm -f -- "$work/$1.conf" "$work/$1.peers" "$work/$1.peers.resolved"
    set_network "$1"
    hand_over "$1"
    open_epochs
}

# boot-wireguard, from a unit: the kernel's interface if it can, else a supervised wireguard-go.
boot_wireguard() {
    local device=$1
    is_kept "$device" || { tell_ready; return 0; }
    require_guard "$device"
    rm -f -- "$run/$device.ready"
    if found_running "$device"; then
        take_over_running "$device"
    elif ip link add dev "$device" type wireguard 2>/dev/null; then
        configure_interface "$device"
        is_ready "$device"
    else
        supervise_wireguard "$device"
    fi
}

is_ready() { : >"$run/$1.ready"; tell_ready; }

# Whether it is to be there: a first apply that waits for its confirmation has its peers in $etc/pending alone.
is_kept() { [[ -f "$(current peers)" ]] && cut -f 1 "$etc/interfaces" 2>/dev/null | grep -xF -- "$1" >/dev/null; }

# supervise-wireguard: keeps wireguard-go running and fills its interface each time.
supervise_wireguard() {
    local device=$1 child="" filling="" begun
    write_pid "wireguard.$device.supervisor" "$$"
    trap 'kill $child $filling 2>/dev/null || true; exit 0' TERM
    while wait_for_former "$device" && is_kept "$device"; do
        rm -f -- "$run/$device.ready"
        # It waits for the table to be loaded again.
        is_guarded "$device" || { pause 0.2; continue; }
        steady_clock
        begun=$SECONDS
        wireguard-go -f "$device" </dev/null >/dev/null 2>&1 &
        child=$!
        write_pid "wireguard.$device" "$child"
        fill_started "$device" "$child"
        wait "$child" || true
        ! is_kept "$device" || note process_restart "name=wireguard.$device"
        steady_clock
        # At once, unless it does not stay up: every peer waits.
        ((SECONDS - begun >= 5)) || pause 1
    done
}

# fill_started DEVICE PID: with the variables of supervise_wireguard. In a process of its own, so that errexit counts in it; a
# wireguard-go that does not answer, or whose interface cannot be filled, is ended and started again.
fill_started() {
    if wait_for 10 has_started "$1" "$2" && ! gone "$2"; then
        {
            configure_interface "$1"
            is_ready "$1"
        } >/dev/null &
        filling=$!
        wait "$filling" && filling="" && return 0
        filling=""
    fi
    kill "$2" 2>/dev/null || true
}

# has_started DEVICE PID: it answers, or has ended already.
has_started() { gone "$2" || answers_wg "$1"; }

# set_network DEVICE: addresses, MTU, link group, routes and forwarding as the network file says; what else is on the
# interface goes.
set_network() {
    local device=$1 value
    ip link set dev "$device" mtu "$(network_value mtu)"
    value=$(network_value group)
    [[ -z "$value" ]] || ip link set dev "$device" group "$value"
    ip -o address show dev "$device" | awk '$3 ~ /^inet/ && $4 !~ /^fe80/ { print $4 }' | sort >"$work/addresses.live"
    addresses_on "$device" >"$work/addresses.want"
    comm -23 "$work/addresses.live" "$work/addresses.want" >"$work/addresses.gone"
    # An IPv6 address has one prefix length: with another one it is not replaced, and would go with the former.
    awk -F/ 'FILENAME == ARGV[1] { want[$1]; next } /:/ && ($1 in want)' "$work/addresses.want" "$work/addresses.gone" >"$work/addresses.first"
    while read -r value; do ip address del "$value" dev "$device"; done <"$work/addresses.first"
    # An interface that loses its last address loses every route as well, those of other tables too.
    while read -r value; do ip address replace "$value" dev "$device"; done <"$work/addresses.want"
    while read -r value; do ip address del "$value" dev "$device"; done < <(comm -23 "$work/addresses.gone" "$work/addresses.first")
    write_sysctl "net/ipv4/conf/$device/rp_filter" 2
    write_sysctl "net/ipv4/conf/$device/send_redirects" 0
    raise_interface "$device"
    routes_on "$device" >"$work/routes.want"
    live_routes "$device" >"$work/routes.live"
    while read -r value; do ip route del "$value" dev "$device"; done < <(comm -23 "$work/routes.live" "$work/routes.want")
    while read -r value; do ip route replace "$value" dev "$device"; done <"$work/routes.want"
    set_forwarding "$device"
}

# The tunnel's networks lead to the oldest interface; a newer one has the relay's addresses alone.
addresses_on() {
    awk -v alone="$([[ "$1" == "$(oldest)" ]] || echo 1)" '
        $1 == "address" { if (alone) sub(/\/.*/, $2 ~ /:/ ? "/128" : "/32", $2); print $2 }' "$(current network)" | sort
}

# Networks behind peers lead to where each peer was last, else to the oldest interface.
routes_on() {
    local moved=/dev/null
    ! rotating || [[ ! -f "$etc/moved" ]] || moved=$etc/moved
    awk -F'\t' -v device="$1" -v oldest="$(oldest)" '
        FILENAME == ARGV[1] { at[$1] = $2; next }
        FILENAME == ARGV[2] { n = split($3, ips, ","); for (i = 1; i <= n; i++) owner[ips[i]] = $1; next }
        { split($0, word, " "); if (word[1] != "route") next
          key = owner[word[2]]; if ((key in at ? at[key] : oldest) == device) print word[2] }
    ' "$moved" "$(current peers)" "$(current network)" | sort
}

network_value() { awk -v key="$1" '$1 == key { print $2; exit }' "$(current network)"; }

live_routes() {
    { ip -4 route show dev "$1"; ip -6 route show dev "$1"; } |
        awk '!/proto kernel/ && $1 !~ /^(fe80|ff00|multicast|local|anycast)/ { print ($1 ~ /\// ? $1 : $1 ($1 ~ /:/ ? "/128" : "/32")) }' | sort
}

report_network() {
    ip -o address show dev "$1" | awk '$3 ~ /^inet/ && $4 !~ /^fe80/ { print "address", $4 }'
    live_routes "$1" | sed 's/^/route /'
    printf 'forwarding %s\n' "$(<"/proc/sys/net/ipv4/conf/$1/forwarding")"
    if [[ -e "/proc/sys/net/ipv6/conf/$1/force_forwarding" && "$(<"/proc/sys/net/ipv6/conf/$1/force_forwarding")" == 1 ]]; then
        printf 'forwarding6 1\n'
    elif [[ -e "/proc/sys/net/ipv6/conf/all/forwarding" ]]; then
        printf 'forwarding6 %s\n' "$(<"/proc/sys/net/ipv6/conf/all/forwarding")"
    fi
    local key
    for key in rp_filter send_redirects; do printf '%s %s\n' "$key" "$(cat -- "$sysctl_root/net/ipv4/conf/$1/$key" 2>/dev/null || true)"; done
    # An interface that is about to be taken over has no network file, and that of an older relay names no group.
    local group=""
    [[ ! -f "$(current network)" ]] || group=$(network_value group)
    ip -o link show dev "$1" | awk -v group="$group" '{ print "up", ($3 ~ /[<,]UP[,>]/ ? 1 : 0)
        for (i = 1; i < NF; i++) if ($i == "mtu" || ($i == "group" && group != "")) print $i, $(i + 1) }'
}
