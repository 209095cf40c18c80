# shellcheck shell=bash
# The interface and its peers. Boot files: wg.conf (for `wg setconf`), network ("key value" lines).

# Every interface of this relay that is recorded, a line each: one, or two while its key is rotated.
interfaces() { if [[ -s "$etc/interfaces" ]]; then cut -f 1 "$etc/interfaces"; else printf '%s\n' "${want[interface]}"; fi; }

interface_exists() { ip link show dev "${want[interface]}" >/dev/null 2>&1; }
answers_wg() { wg show "${want[interface]}" public-key; }

step_wireguard() {
    require_set_up
    install_program
    [[ "${want[identity]:-state}" != host ]] || use_identity
    local new=""
    interface_exists || new=1
    if [[ ! -f "$etc/wg.conf" ]]; then
        [[ -n "$new" ]] || refuse "the interface ${want[interface]} exists and is not ours" "remove it, or give the Relay another \`interface\`"
        check_socket
    fi
    [[ -z "$new" ]] || alive wireguard || check_port
    # No interface without its table, and a removal waits for nobody: what somebody deleted is loaded again.
    table_exists || restore_firewall
    if [[ -z "$new" ]] && ! answers_wg >/dev/null 2>&1; then
        ip link del dev "${want[interface]}"
        new=1
    fi
    if [[ -n "$new" ]]; then
        : >"$work/live"
    else
        wg show "${want[interface]}" dump | tail -n +2 >"$work/live"
    fi
    plan_peers
    validate_peers
    narrow "$work/cut"
    cut -f 1,3 "$work/peers" | install_file "$etc/owners"
    if must_be_confirmed "$work/network" "$etc/network"; then
        hold network <"$work/network"
        hold wg.conf <"$work/wg.conf"
        if [[ -f "$etc/wg.conf" ]]; then
            common_peers >"$work/wg.safe"
            install_file "$etc/wg.conf" <"$work/wg.safe"
        fi
        arm_rollback
    else
        install_file "$etc/network" <"$work/network"
        install_file "$etc/wg.conf" <"$work/wg.conf"
    fi
    if [[ -n "$new" ]]; then
        start_interface
    else
        change_peers
        set_network
    fi
    write_mark wireguard
    commit
    answer removed <"$work/removed"
    report_wireguard
}

# The relay's key was made here and never leaves: it takes its place in what came without one.
use_identity() {
    [[ -s "$etc/identity.key" ]] || refuse "the relay's key is gone from $etc/identity.key" "run the whole set-up again: every peer then needs a new configuration"
    cat "$etc/identity.key" >"$work/private.key"
    want[publicKey]=$(wg pubkey <"$work/private.key")
    awk 'NR == FNR { key = $0; next } /^PrivateKey = / { $0 = "PrivateKey = " key } 1' "$work/private.key" "$work/wg.conf" >"$work/wg.conf.full"
    mv -f -- "$work/wg.conf.full" "$work/wg.conf"
}

# Live against desired: whom to remove, what to write, and which addresses change their meaning, be it that they
# belong to another key on the wire or, when the interface is down, in the record of owners.
# All tables start with the public key; allowed IPs are compared as sets.
plan_peers() {
    : >"$work/removed"; : >"$work/delta.conf"; : >"$work/cut"
    awk -F'\t' -v removed="$work/removed" -v delta="$work/delta.conf" -v cut="$work/cut" '
        function same(a, b,   x, y, n, m, i, seen) {
            n = split(a, x, ","); m = split(b, y, ",")
            if (n != m) return 0
            for (i in x) seen[x[i]] = 1
            for (i in y) if (!(y[i] in seen)) return 0
            return 1
        }
        NR == FNR { psk[$1] = $2; ips[$1] = $3; keep[$1] = $4; order[++count] = $1
                    n = split($3, list, ","); for (i = 1; i <= n; i++) owner[list[i]] = $1; next }
        { live_ips = ($4 == "(none)" ? "" : $4)
          n = split(live_ips, list, ",")
          for (i = 1; i <= n; i++) if (owner[list[i]] != $1) { text = list[i]; sub(/\/(32|128)$/, "", text); print text > cut }
          if (!($1 in ips)) { print $1 > removed; next }
          if (psk[$1] == $2 && same(ips[$1], live_ips) && keep[$1] == $8) done[$1] = 1 }
        END { for (i = 1; i <= count; i++) { key = order[i]; if (key in done) continue
                print "[Peer]\nPublicKey = " key > delta
                print "PresharedKey = " (psk[key] == "(none)" ? "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" : psk[key]) > delta
                print "AllowedIPs = " ips[key] "\nPersistentKeepalive = " keep[key] > delta } }
    ' "$work/peers" "$work/live"
    [[ ! -f "$etc/owners" ]] || awk -F'\t' '
        function plain(text) { sub(/\/(32|128)$/, "", text); return text }
        { n = split(FILENAME == ARGV[1] ? $3 : $2, list, ",") }
        FILENAME == ARGV[1] { for (i = 1; i <= n; i++) owner[list[i]] = $1; next }
        { for (i = 1; i <= n; i++) if (owner[list[i]] != $1) print plain(list[i]) }
    ' "$work/peers" "$etc/owners" >>"$work/cut"
}

# The recorded interface with those of its peers that the new configuration has as well, and of their allowed IPs
# those that it leaves them.
common_peers() {
    awk -F'\t' '
        function flush_block() { if (block != "" && (key == "" || ips != "")) printf "%s", block (key == "" ? "" : "AllowedIPs = " ips "\n"); block = key = ips = "" }
        function common(old, new,   a, b, n, m, i, wanted, out) {
            gsub(/ /, "", old); n = split(old, a, ","); m = split(new, b, ",")
            for (i = 1; i <= m; i++) wanted[b[i]] = 1
            for (i = 1; i <= n; i++) if (a[i] in wanted) out = out (out == "" ? "" : ", ") a[i]
            return out
        }
        FNR == NR { new[$1] = $3; next }
        /^#/ || /^$/ { next }
        /^\[/ { flush_block() }
        /^PublicKey = / { key = substr($0, 13) }
        /^AllowedIPs = / { ips = common(substr($0, 14), new[key]); next }
        { block = block $0 "\n" }
        END { flush_block() }
    ' "$work/peers" "$etc/wg.conf"
}

# Load what is about to be written into an interface that disappears with its namespaces. A private tmpfs over
# the socket directory keeps a userspace relay of the same name out of it.
validate_peers() {
    local file="$work/delta.conf"
    [[ -s "$file" ]] || return 0
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
        wg addconf qptcheck "$1"' validate "$file" 2>"$work/validation" ||
        refuse "WireGuard does not accept the new peers: $(tail -n 1 "$work/validation")" "this is a fault of this library; please report it"
}

# Removals go first: an address that moves must never have two owners, and who is cut is cut before anybody is added.
change_peers() {
    local interface=${want[interface]}
    awk '{ print "peer", $1, "remove" }' "$work/removed" | xargs -r -n 1500 wg set "$interface"
    [[ "$(wg show "$interface" public-key)" == "${want[publicKey]}" ]] || wg set "$interface" private-key "$work/private.key"
    # wireguard-go binds its socket anew on every listen-port, also on the same one.
    [[ "$(wg show "$interface" listen-port)" == "${want[listenPort]}" ]] || wg set "$interface" listen-port "${want[listenPort]}"
    [[ ! -s "$work/delta.conf" ]] || wg addconf "$interface" "$work/delta.conf"
}

# From the boot files alone: the same at the first apply, after a reboot, and when wireguard-go had to be restarted.
start_interface() {
    if uses_systemd; then
        rm -f -- "$run/wireguard.ready"
        systemctl --quiet restart "${want[name]}-wireguard.service"
        # A unit of this type counts as started when its program runs, which is before the interface is filled.
        wait_for 20 interface_filled || refuse "${want[name]}-wireguard.service did not bring up ${want[interface]} within 20 s" \
            "see what it says: \`journalctl -u ${want[name]}-wireguard\`"
    elif ip link add dev "${want[interface]}" type wireguard 2>/dev/null; then
        configure_interface
    else
        stop_process wireguard
        detached bash "$etc/program" supervise-wireguard "$etc" "$run"
        wait_for 20 interface_ready || refuse "wireguard-go did not bring up ${want[interface]} within 20 s" \
            "look whether /dev/net/tun is there and wireguard-go runs: \`wireguard-go -f ${want[interface]}\`"
    fi
}
interface_filled() { [[ -f "$run/wireguard.ready" ]] && answers_wg; }
interface_ready() { interface_filled && alive wireguard; }

configure_interface() {
    wg setconf "${want[interface]}" "$(current wg.conf)"
    set_network
}

# boot-wireguard, from a unit: the kernel's interface if it can, else a supervised wireguard-go.
boot_wireguard() {
    [[ -f "$(current wg.conf)" ]] || return 0
    rm -f -- "$run/wireguard.ready"
    if ip link add dev "${want[interface]}" type wireguard 2>/dev/null; then
        configure_interface
        : >"$run/wireguard.ready"
    else
        supervise_wireguard
    fi
}

# supervise-wireguard: keeps wireguard-go running and fills its interface each time.
supervise_wireguard() {
    echo "$$" >"$run/wireguard.supervisor.pid"
    local child=""
    trap '[[ -z "$child" ]] || kill "$child" 2>/dev/null || true; exit 0' TERM
    while [[ -f "$(current wg.conf)" ]]; do
        rm -f -- "$run/wireguard.ready"
        wireguard-go -f "${want[interface]}" </dev/null >/dev/null 2>&1 &
        child=$!
        echo "$child" >"$run/wireguard.pid"
        if wait_for 10 answers_wg; then configure_interface && : >"$run/wireguard.ready"; fi
        wait "$child" || true
        sleep 1
    done
}

# Addresses, MTU, routes and forwarding as the network file says; what else is on the interface goes.
set_network() {
    local interface=${want[interface]} value
    ip link set dev "$interface" mtu "$(network_value mtu)"
    ip -o address show dev "$interface" | awk '$3 ~ /^inet/ && $4 !~ /^fe80/ { print $4 }' | sort >"$work/addresses.live"
    awk '$1 == "address" { print $2 }' "$(current network)" | sort >"$work/addresses.want"
    while read -r value; do ip address del "$value" dev "$interface"; done < <(comm -23 "$work/addresses.live" "$work/addresses.want")
    while read -r value; do ip address replace "$value" dev "$interface"; done <"$work/addresses.want"
    write_sysctl "net/ipv4/conf/$interface/rp_filter" 2
    write_sysctl "net/ipv4/conf/$interface/send_redirects" 0
    write_sysctl "net/ipv4/conf/all/send_redirects" 0
    ip link set dev "$interface" up
    awk '$1 == "route" { print $2 }' "$(current network)" | sort >"$work/routes.want"
    live_routes >"$work/routes.live"
    while read -r value; do ip route del "$value" dev "$interface"; done < <(comm -23 "$work/routes.live" "$work/routes.want")
    while read -r value; do ip route replace "$value" dev "$interface"; done <"$work/routes.want"
    set_forwarding
}

network_value() { awk -v key="$1" '$1 == key { print $2; exit }' "$(current network)"; }

live_routes() {
    { ip -4 route show dev "${want[interface]}"; ip -6 route show dev "${want[interface]}"; } |
        awk '!/proto kernel/ && $1 !~ /^(fe80|ff00|multicast|local|anycast)/ { print ($1 ~ /\// ? $1 : $1 ($1 ~ /:/ ? "/128" : "/32")) }' | sort
}

write_sysctl() { [[ ! -e "/proc/sys/$1" || "$(<"/proc/sys/$1")" == "$2" ]] || printf '%s\n' "$2" >"/proc/sys/$1"; }

# Forwarding is switched on per interface and last of all, never globally: the rest of the machine stays what it is.
set_forwarding() {
    local interface=${want[interface]} network device
    write_sysctl "net/ipv4/conf/$interface/forwarding" 1
    while read -r network; do
        device=$(egress_device "$network")
        [[ -n "$device" ]] || continue
        case "$network" in
        *:*) forward6 "$device" ;;
        *) write_sysctl "net/ipv4/conf/$device/forwarding" 1 ;;
        esac
    done < <(awk '$1 == "behind" { print $2 }' "$(current network)")
    if grep -q '^address .*:' "$(current network)"; then forward6 "$interface"; fi
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

check_port() {
    [[ -z "$(ss -H -lun "sport = :${want[listenPort]}")" ]] ||
        refuse "UDP port ${want[listenPort]} is taken by another program" "stop it, or give the Relay another \`listenPort\`"
}

# wireguard-go keeps its sockets in one directory for all network namespaces.
check_socket() {
    [[ ! -S "/var/run/wireguard/${want[interface]}.sock" ]] || ip link show type wireguard dev "${want[interface]}" >/dev/null 2>&1 ||
        ! wg show "${want[interface]}" >/dev/null 2>&1 ||
        refuse "a wireguard-go for ${want[interface]} already runs in another network namespace of this machine" "give the Relay another \`interface\`"
}

step_wireguard_delete() {
    bears_mark wireguard || { echo skipped | answer skipped; return 0; }
    if [[ -f "$etc/elements" ]]; then
        install_file "$etc/elements" </dev/null
        ! table_exists || elements_nft "$etc/elements" | nft -f -
    fi
    rm -f -- "$etc/wg.conf"
    ! uses_systemd || systemctl --quiet stop "${want[name]}-wireguard.service"
    stop_process wireguard
    ! interface_exists || ip link del dev "${want[interface]}"
    rm -f -- "$etc/network" "$etc/owners" "$etc/mark.wireguard" "$run/wireguard.ready" "/var/run/wireguard/${want[interface]}.sock"
    commit
}

# What the kernel says; counters and endpoints are dropped by the reader.
report_wireguard() {
    interface_exists || return 0
    local interface=${want[interface]}
    # A mute interface is reported as such rather than as an error: a refresh must name it.
    wg show "$interface" dump 2>/dev/null | answer dump || true
    {
        ip -o address show dev "$interface" | awk '$3 ~ /^inet/ && $4 !~ /^fe80/ { print "address", $4 }'
        live_routes | sed 's/^/route /'
        printf 'forwarding %s\n' "$(<"/proc/sys/net/ipv4/conf/$interface/forwarding")"
        if [[ -e "/proc/sys/net/ipv6/conf/$interface/force_forwarding" && "$(<"/proc/sys/net/ipv6/conf/$interface/force_forwarding")" == 1 ]]; then
            printf 'forwarding6 1\n'
        elif [[ -e "/proc/sys/net/ipv6/conf/all/forwarding" ]]; then
            printf 'forwarding6 %s\n' "$(<"/proc/sys/net/ipv6/conf/all/forwarding")"
        fi
        ip -o link show dev "$interface" | awk '{ print "up", ($3 ~ /[<,]UP[,>]/ ? 1 : 0)
            for (i = 1; i < NF; i++) if ($i == "mtu") print "mtu", $(i + 1) }'
    } | answer network
}
