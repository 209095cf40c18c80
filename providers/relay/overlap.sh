# shellcheck shell=bash
# A peer's new key in addition to its old one. Allowed IPs have one owner: the old key keeps them until the new one has shaken
# hands, then they move and the old key goes. `$etc/moving` has "new key TAB old key TAB deadline" lines.
#
# Gives: overlapping_peers, finished_overlaps, overlap_due, finish_overlaps.
# Needs, of the manifest: overlap.
# Needs, of core/protocol: carried.ts, moving.ts, peers.ts, rekeyed.ts.

# The table with both: the new key without addresses, the old one with what is to be the new one's. Of keys that are
# replaced (`$work/rekeyed`, "new TAB old"), and of those that still wait. A relay that has just moved here knows these from
# `$etc/carried`: "new key TAB old key TAB deadline TAB old preshared key".
overlapping_peers() {
    : >"$work/moving"
    touch -- "$work/rekeyed" "$work/formers"
    { known_moving; cat -- "$work/rekeyed"; } >"$work/pairs"
    successors >"$work/successors"
    peers_before >"$work/peers.before"
    [[ -s "$work/pairs" && -s "$work/peers.before" ]] || return 0
    awk -F'\t' -v OFS='\t' -v now="$EPOCHSECONDS" -v overlap="${want[overlap]:-0}" -v moving="$work/moving" '
        FILENAME == ARGV[1] { psk[$1] = $2; ips[$1] = $3; next }
        FILENAME == ARGV[2] { if (!($1 in old)) { old[$1] = $2; until[$1] = ($3 == "" ? now + overlap : $3) } next }
        { row[++count] = $0; wanted[$1] }
        END { for (i = 1; i <= count; i++) {
            $0 = row[i]; o = old[$1]
            # A key that was replaced before it was used: the one before is the key that works.
            while (o != $1 && (o in old) && ips[o] == "(none)") o = old[o]
            if (($1 in old) && !(o in wanted) && (o in ips) && ips[o] != "(none)" && until[$1] > now && (!($1 in ips) || ips[$1] == "(none)")) {
                print $1, o, until[$1] > moving
                key = $1; mine = $2; $1 = o; $2 = psk[o]; print
                $1 = key; $2 = mine; $3 = "(none)"
            }
            print } }
    ' "$work/peers.before" "$work/pairs" "$work/peers" >"$work/peers.both"
    mv -f -- "$work/peers.both" "$work/peers"
}

# known_moving: of the recorded pairs those whose former key the state or the log knows (`$work/formers`): what another program
# wrote into the record admits no peer.
known_moving() {
    local pairs="$etc/moving"
    if has_moved_here; then pairs=$etc/carried; fi
    [[ ! -f "$pairs" ]] || awk -F'\t' -v OFS='\t' 'FILENAME == ARGV[1] { known[$1]; next } $2 in known { print $1, $2, $3 }' "$work/formers" "$pairs"
}

# Peers as they are recorded; of a relay that has just moved here, those whose old keys it brought along.
peers_before() {
    if [[ -f "$(current peers)" ]]; then
        cat -- "$(current peers)"
    elif has_moved_here; then
        awk -F'\t' -v OFS='\t' '{ print $2, $4, "carried" }' "$etc/carried"
    fi
}
has_moved_here() { [[ -s "$etc/carried" && ! -f "$(current peers)" ]]; }

# "old TAB new" for every former key of the same peer: its address still means this peer, and its access stays.
# A key that is in use now ends the chain: its earlier owner is another peer.
successors() {
    awk -F'\t' -v OFS='\t' '
        FILENAME == ARGV[1] { wanted[$1]; next }
        { former[$1] = $2 }
        END { for (key in former) {
            split("", seen)
            for (old = key; (old in former) && !(old in seen) && (old == key || !(old in wanted)); ) {
                seen[old]
                old = former[old]
                print old, key
            } } }' "$work/peers" "$work/pairs"
}

# "new TAB old TAB deadline TAB why": peers that have used the new key, or whose overlap is over.
finished_overlaps() {
    local device
    {
        for device in $(interfaces); do wg show "$device" latest-handshakes 2>/dev/null || true; done
        cat -- "$etc/moving"
    } | awk -F'\t' -v OFS='\t' -v now="$EPOCHSECONDS" '
        NF == 2 { if ($2 > 0) here[$1]; next }
        $1 in here { print $0, "key_moved"; next }
        $3 <= now { print $0, "key_overlap_ended" }'
}

overlap_due() { [[ -s "$etc/moving" && -n "$(finished_overlaps)" ]]; }

# Whether a key moved: then the watcher raises the generation.
changed=""
finish_overlaps() {
    [[ -s "$etc/moving" ]] || return 0
    finished_overlaps >"$work/finished"
    [[ -s "$work/finished" ]] || return 0
    local file device new old why ips
    for file in "$etc/peers" "$etc/pending/peers"; do
        [[ ! -f "$file" ]] || {
            awk -F'\t' -v OFS='\t' '
                FNR == 1 { pass++ }
                pass == 1 { new[$2] = $1; next }
                pass == 2 { if ($1 in new) ips[new[$1]] = $3; next }
                $1 in new { next }
                { if ($1 in ips) $3 = ips[$1]; print }' "$work/finished" "$file" "$file" >"$work/peers.moved"
            install_file "$file" <"$work/peers.moved"
        }
    done
    while IFS=$'\t' read -r new old _ why; do
        ips=$(awk -F'\t' -v key="$new" '$1 == key { print $3; exit }' "$(current peers)")
        [[ -n "$ips" && "$ips" != "(none)" ]] || continue
        for device in $(interfaces); do
            wg set "$device" peer "$old" remove peer "$new" allowed-ips "$ips"
        done
        journal "$why" "name=$(awk -F'\t' -v key="$new" '$1 == key { print $7; exit }' "$(current peers)")" "old_public_key=$old" "public_key=$new"
        changed=1
    done <"$work/finished"
    awk -F'\t' 'NR == FNR { done[$1]; next } !($1 in done)' "$work/finished" "$etc/moving" >"$work/moving.left"
    install_file "$etc/moving" <"$work/moving.left"
    forget_endpoints
}
