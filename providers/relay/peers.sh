# shellcheck shell=bash
# The peers of an interface: what differs between it and the plan, what of the plan WireGuard takes, and the change itself.
#
# Gives: plan_peers, cut_from_record, disturbed_peers, common_peers, conf_of, validate_peers, change_peers.
# Needs, of core/protocol: interfaces.ts, peers.ts.

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
