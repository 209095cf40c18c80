# shellcheck shell=bash
# An interface itself: made, filled from the record, kept running, its addresses and routes.

unit_of() { if [[ "$1" == "${want[interface]}" ]]; then printf '%s-wireguard.service' "${want[name]}"; else printf '%s-wireguard-b.service' "${want[name]}"; fi; }

# start_interface DEVICE: the same at the first apply, after a reboot, and when wireguard-go had to be restarted.
start_interface() {
    local device=$1
    if uses_systemd; then
        rm -f -- "$run/$device.ready"
        # Returns when the interface is filled.
        { systemctl --quiet restart "$(unit_of "$device")" && interface_filled "$device"; } || refuse "$(unit_of "$device") did not bring up $device" \
            "see what it says: \`journalctl -u $(unit_of "$device")\`"
    elif ip link add dev "$device" type wireguard 2>/dev/null; then
        configure_interface "$device"
    else
        stop_process "wireguard.$device"
        detached bash "$etc/program" supervise-wireguard "$etc" "$run" "$device"
        wait_for 20 interface_ready "$device" || refuse "wireguard-go did not bring up $device within 20 s" \
            "look whether /dev/net/tun is there and wireguard-go runs: \`wireguard-go -f $device\`"
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
    sift current "$(current peers)" >"$work/$1.peers"
    conf_of "$work/$1.peers"
}

configure_interface() {
    setconf_of "$1" >"$work/$1.conf"
    wg setconf "$1" "$work/$1.conf"
    # A supervisor lives as long as its interface: it keeps no keys in memory.
    rm -f -- "$work/$1.conf" "$work/$1.peers"
    set_network "$1"
    hand_over "$1"
    open_epochs
}

# boot-wireguard, from a unit: the kernel's interface if it can, else a supervised wireguard-go.
boot_wireguard() {
    local device=$1
    is_kept "$device" || { tell_ready; return 0; }
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
is_kept() { [[ -f "$(current peers)" ]] && cut -f 1 "$etc/interfaces" 2>/dev/null | grep -qxF -- "$1"; }

# supervise-wireguard: keeps wireguard-go running and fills its interface each time.
supervise_wireguard() {
    local device=$1 child="" begun
    echo "$$" >"$run/wireguard.$device.supervisor.pid"
    trap '[[ -z "$child" ]] || kill "$child" 2>/dev/null || true; exit 0' TERM
    wait_for_former "$device"
    while is_kept "$device"; do
        rm -f -- "$run/$device.ready"
        begun=$SECONDS
        wireguard-go -f "$device" </dev/null >/dev/null 2>&1 &
        child=$!
        echo "$child" >"$run/wireguard.$device.pid"
        if wait_for 10 answers_wg "$device"; then configure_interface "$device" && is_ready "$device"; fi
        wait "$child" || true
        # At once, unless it does not stay up: every peer waits.
        ((SECONDS - begun >= 5)) || sleep 1
    done
}

# set_network DEVICE: addresses, MTU, routes and forwarding as the network file says; what else is on the interface goes.
set_network() {
    local device=$1 value
    ip link set dev "$device" mtu "$(network_value mtu)"
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
    write_sysctl "net/ipv4/conf/all/send_redirects" 0
    ip link set dev "$device" up
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

write_sysctl() { [[ ! -e "/proc/sys/$1" || "$(<"/proc/sys/$1")" == "$2" ]] || printf '%s\n' "$2" >"/proc/sys/$1"; }

# Forwarding is switched on per interface and last of all, never globally: the rest of the machine stays what it is.
set_forwarding() {
    local network device
    write_sysctl "net/ipv4/conf/$1/forwarding" 1
    while read -r network; do
        device=$(egress_device "$network")
        [[ -n "$device" ]] || continue
        case "$network" in
        *:*) forward6 "$device" ;;
        *) write_sysctl "net/ipv4/conf/$device/forwarding" 1 ;;
        esac
    done < <(awk '$1 == "behind" { print $2 }' "$(current network)")
    if grep -q '^address .*:' "$(current network)"; then forward6 "$1"; fi
}

egress_device() { ip -o route get "${1%/*}" 2>/dev/null | awk '{ for (i = 1; i < NF; i++) if ($i == "dev") { print $(i + 1); exit } }'; }

# Linux before 6.17 forwards IPv6 for the whole machine or not at all, and a machine that forwards ignores router
# advertisements unless accept_ra is 2: without that step it would lose its own default route.
forward6() {
    if [[ -e "/proc/sys/net/ipv6/conf/$1/force_forwarding" ]]; then
        write_sysctl "net/ipv6/conf/$1/force_forwarding" 1
        return
    fi
    local file
    for file in /proc/sys/net/ipv6/conf/*/accept_ra; do
        [[ "$(<"$file")" != 1 ]] || printf '2\n' >"$file"
    done
    write_sysctl net/ipv6/conf/all/forwarding 1
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
    ip -o link show dev "$1" | awk '{ print "up", ($3 ~ /[<,]UP[,>]/ ? 1 : 0)
        for (i = 1; i < NF; i++) if ($i == "mtu") print "mtu", $(i + 1) }'
}
