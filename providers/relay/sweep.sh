# shellcheck shell=bash
# What is on the relay and in none of its records goes with the next apply, whichever step that is and however it got
# there: peers on its interfaces, elements in its sets (`fill_sets`), what its proxy serves. `$work/swept` notes what went,
# "peer TAB public key", "element TAB SET ELEMENT" or "proxy" a line.
#
# Gives: sweep, sweep_peers, remove_peers, sweep_listeners, report_swept.
# Needs, of core/protocol: peers.ts, removed.ts.

sweep() {
    sweep_peers
    sweep_elements
    sweep_listeners
}

# Only in a table of ours.
sweep_elements() {
    [[ -f "$(current firewall.nft)" ]] || return 0
    remember_elements
    fill_sets
}

# Only where there is a record: an interface that is about to be taken over has none yet.
sweep_peers() {
    local device
    for device in $(interfaces); do
        if ! is_recorded "$device" || ! answers_wg "$device" >/dev/null 2>&1; then continue; fi
        wg show "$device" peers | awk -F'\t' 'FILENAME == ARGV[1] { known[$1]; next } !($1 in known)' "$(current peers)" - >"$work/strangers"
        remove_peers "$device" <"$work/strangers"
        sed 's/^/peer\t/' "$work/strangers" >>"$work/swept"
    done
}

# remove_peers DEVICE: keys on standard input.
remove_peers() { awk '{ print "peer", $1, "remove" }' | xargs -r -n 1500 wg set "$1"; }

# Caddy leaves everything as it is when it is given what it has.
sweep_listeners() {
    if [[ ! -f "$etc/caddy.json" ]]; then
        ! proxy_runs || stop_proxy
        return 0
    fi
    if ! proxy_runs || ! admin http://localhost/config/ >"$work/caddy.before" 2>/dev/null; then return 0; fi
    admin -H 'Content-Type: application/json' --data-binary "@$etc/caddy.json" http://localhost/load >/dev/null 2>&1 || return 0
    admin http://localhost/config/ 2>/dev/null | cmp -s "$work/caddy.before" - || echo proxy >>"$work/swept"
}

report_swept() { [[ ! -s "$work/swept" ]] || sort -u "$work/swept" | answer swept; }
