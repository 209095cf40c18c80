# shellcheck shell=bash
# A recreated interface does not know its peers' endpoints, and they notice a dead session only by their own
# timers: 15 s when they send, two minutes when they do not. `$etc/endpoints.INTERFACE` remembers where they were last,
# and the new interface re-initiates handshakes with them.
#
# Gives: save_endpoints, inherit_endpoints, forget_endpoints, hand_over.
# Needs, of core/protocol: endpoints.ts, peers.ts.

save_endpoints() {
    local device
    for device in $(interfaces); do
        wg show "$device" endpoints 2>/dev/null | awk -F'\t' '$2 != "(none)"' | sort >"$work/endpoints" || continue
        # A new interface knows no endpoints: the saved ones are kept.
        [[ -s "$work/endpoints" ]] || continue
        cmp -s "$work/endpoints" "$etc/endpoints.$device" || install_file "$etc/endpoints.$device" <"$work/endpoints"
    done
}

# inherit_endpoints DEVICE: what another machine knew, when the relay has just come from there.
inherit_endpoints() {
    [[ -s "$work/inherited" && ! -s "$etc/endpoints.$1" ]] || return 0
    install_file "$etc/endpoints.$1" <"$work/inherited"
}

# forget_endpoints: of keys that are no longer admitted.
forget_endpoints() {
    local file
    for file in "$etc"/endpoints.*; do
        [[ -f "$file" ]] || continue
        awk -F'\t' 'NR == FNR { known[$1]; next } $1 in known' "$(current peers)" "$file" >"$work/endpoints.kept"
        cmp -s "$work/endpoints.kept" "$file" || install_file "$file" <"$work/endpoints.kept"
    done
}

# hand_over DEVICE: a keepalive that is switched on makes WireGuard shake hands at once; then it is as it was.
hand_over() {
    local file="$etc/endpoints.$1"
    [[ -s "$file" ]] || return 0
    awk -F'\t' 'NR == FNR { if ($5 == "(none)") keep[$1] = $4; next } $1 in keep { print $1, $2, keep[$1] }' "$(current peers)" "$file" >"$work/handover"
    awk '{ print "peer", $1, "endpoint", $2, "persistent-keepalive", 25 }' "$work/handover" | xargs -r -n 1500 wg set "$1"
    awk '{ print "peer", $1, "persistent-keepalive", $3 }' "$work/handover" | xargs -r -n 1500 wg set "$1"
}
