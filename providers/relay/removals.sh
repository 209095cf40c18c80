# shellcheck shell=bash
# Removals of an update come before everything else of it, in a step that needs only what the program declares:
#   admitted    "name TAB public key TAB allowed IPs TAB own" lines: who is still to be on the relay. "own": whatever keys the
#               relay's record has under this name stay, because theirs is not known here or works beside another for a while
#   elements    "SET ELEMENT" lines: what is still to be let through
#   services    "name TAB port" lines: what is still to be served
# and the value `undecided`: sources whose elements are not decided here.
# It compares them with the kernel and only ever removes. A part that fails does not keep the others from being done.
#
# Gives: step_removals.
# Needs, of the manifest: undecided.
# Needs, of core/protocol: admitted.ts, elements.ts, moved.ts, moving.ts, owner.ts, peers.ts, removed.ts, revocation.ts,
#   services.ts.

step_removals() {
    if [[ ! -f "$etc/owner" ]]; then
        echo removals | answer missing
        return 0
    fi
    : >"$work/problems"; : >"$work/tried"
    refuse_older_script
    find_unadmitted
    find_closed_services
    remember_elements
    forget_kept
    find_unwanted_elements >"$work/unwanted.before"
    # What a boot or a rollback would fill everything from comes first.
    forget_unadmitted
    narrow_elements
    try remove_unadmitted
    try close_rights
    try close_listeners
    try end_flows
    commit
    report_removals
}

# try COMMAND...: in a process of its own, so that errexit counts in it.
try() {
    (
        trap - ERR
        "$@"
    ) >>"$work/tried" 2>"$work/trouble" &
    wait "$!" || printf '%s\t%s\n' "$1" "$(tail -n 1 -- "$work/trouble")" >>"$work/problems"
}

# `$work/unadmitted`: "public key TAB name TAB allowed IPs TAB what" of every key on the wire or in the record that is not
# to be there; what is "peer", or "key" when a peer of that name stays. `$work/cut`: addresses that now belong to another peer.
find_unadmitted() {
    local device record=/dev/null
    touch -- "$work/admitted"
    [[ ! -f "$(current peers)" ]] || record=$(current peers)
    cat -- "$etc/moving" >"$work/moving.known" 2>/dev/null || : >"$work/moving.known"
    for device in $(interfaces); do
        is_recorded "$device" || is_marked "$device" || continue
        wg show "$device" allowed-ips 2>/dev/null || true
    done | awk -F'\t' -v OFS='\t' '{ gsub(/ /, ",", $2); print $1, $2 }' >"$work/on-wire"
    : >"$work/unadmitted"
    awk -F'\t' -v OFS='\t' -v removed="$work/unadmitted" '
        function look(key, list,   called, who, n, ips, i, text) {
            called = (key in name ? name[key] : "-")
            who = (key in admitted ? admitted[key] : (called in own ? called : ""))
            if (who == "" && !(key in told)) {
                told[key]
                print key, called, (key in row ? row[key] : list), (called in listed ? "key" : "peer") > removed
            }
            # Another key of the same peer leaves its address to it.
            if (who == "" && called in listed) who = called
            n = (list == "(none)" ? 0 : split(list, ips, ","))
            for (i = 1; i <= n; i++) if (who == "" || !((ips[i], who) in owner)) { text = ips[i]; sub(/\/(32|128)$/, "", text); print text }
        }
        FILENAME == ARGV[1] {
            listed[$1]; if ($2 != "-") admitted[$2] = $1
            if ($4 == "own") own[$1]
            n = split($3, ips, ","); for (i = 1; i <= n; i++) owner[ips[i], $1]
            next }
        # A replaced key works until the new one is used or its overlap ends.
        FILENAME == ARGV[2] { if ($1 in admitted) admitted[$2] = admitted[$1]; next }
        FILENAME == ARGV[3] { if (NF >= 7) { name[$1] = $7; row[$1] = $3 } next }
        { look($1, $2) }
        END { for (key in row) look(key, row[key]) }
    ' "$work/admitted" "$work/moving.known" "$record" "$work/on-wire" | sort -u >"$work/cut"
    sort -u -o "$work/unadmitted" "$work/unadmitted"
}

# `$work/closed`: names of recorded services that are no longer declared; access to them, or to a former port, is removed.
find_closed_services() {
    touch -- "$work/services"
    : >"$work/closed"
    [[ -f "$etc/services" ]] || return 0
    awk -F'\t' -v closed="$work/closed" '
        FILENAME == ARGV[1] { listed[$1]; served[$1, $2]; next }
        !($1 in listed) { print $1 > closed }
        !(($1, $2) in served) { n = split($4, at, " "); for (i = 1; i <= n; i++) print at[i], $2 }' "$work/services" "$etc/services" >>"$work/cut"
}

# Elements of the record and of the kernel that are not wanted, or that mean something else now, sorted.
find_unwanted_elements() {
    touch -- "$work/elements"
    { [[ ! -f "$etc/elements" ]] || cat -- "$etc/elements"; ! table_exists || live_elements; } | sort -u | select_elements 0
}

# select_elements WANTED: of the elements on standard input those that are wanted (1) or not (0).
select_elements() {
    awk -v which="$1" -v undecided="${want[undecided]:-}" '
        BEGIN { n = split(undecided, list, " "); for (i = 1; i <= n; i++) left_alone[list[i]] }
        FILENAME == ARGV[1] { wanted[$0]; next }
        FILENAME == ARGV[2] { if (NF == 2) pair[$1 " " $2]; else cut[$1]; next }
        { keep = ($0 in wanted || $2 in left_alone) && !(($4 " " $NF) in pair)
          for (i = 2; i <= NF; i++) if ($i in cut) keep = 0
          if (keep == which) print }' "$work/elements" "$work/cut" -
}

# Out of everything that an interface may be filled from.
forget_unadmitted() {
    local file
    [[ -s "$work/unadmitted" ]] || return 0
    forget_rows "$work/unadmitted"
    for file in moving moved; do
        [[ -f "$etc/$file" ]] || continue
        awk -F'\t' 'FILENAME == ARGV[1] { gone[$1]; next } !($1 in gone) && !($2 in gone)' "$work/unadmitted" "$etc/$file" >"$work/$file.left"
        cmp -s "$work/$file.left" "$etc/$file" || install_file "$etc/$file" <"$work/$file.left"
    done
}

narrow_elements() { [[ ! -f "$etc/elements" ]] || select_elements 1 <"$etc/elements" | replace_elements; }

remove_unadmitted() {
    local device
    for device in $(interfaces); do
        answers_wg "$device" >/dev/null 2>&1 || continue
        wg show "$device" peers | awk -F'\t' 'FILENAME == ARGV[1] { gone[$1]; next } $1 in gone' "$work/unadmitted" - | remove_peers "$device"
    done
}

# No interface without its table: a deleted one is loaded again, with the remaining elements.
close_rights() {
    if ! table_is_whole; then
        [[ ! -f "$(current firewall.nft)" ]] || load_firewall
        return 0
    fi
    fill_sets
    load_owners
}

# The table still protects a proxy that does not answer; its own step closes the rest.
close_listeners() {
    local name
    if [[ ! -s "$work/closed" ]] || ! proxy_runs || ! admin_answers >/dev/null 2>&1; then return 0; fi
    while read -r name; do
        admin "http://localhost/config/apps/http/servers/svc_$name" >"$work/server" 2>/dev/null || continue
        [[ "$(<"$work/server")" != null ]] || continue
        admin -X DELETE "http://localhost/config/apps/http/servers/svc_$name" >/dev/null
    done <"$work/closed"
    admin http://localhost/config/ | install_file "$etc/caddy.json"
    awk -F'\t' 'FILENAME == ARGV[1] { gone[$1]; next } !($1 in gone)' "$work/closed" "$etc/services" >"$work/services.left"
    awk -F'\t' -v OFS='\t' 'FILENAME == ARGV[1] { gone[$1]; next } $1 in gone { print $1, $2 }' "$work/closed" "$etc/services" >"$work/closed.done"
    install_file "$etc/services" <"$work/services.left"
}

# Nothing goes on that was begun before, and what was noted about who went is forgotten.
end_flows() {
    awk -F'\t' -v OFS='\t' '{ print $1, ($4 == "peer" && $3 != "(none)" ? $3 : "") }' "$work/unadmitted" >"$work/gone"
    awk -F'\t' -v OFS='\t' '{ print ($2 == "-" ? "none " NR : $2), "-", $3, "off", "(none)", "-", $1 }' "$work/admitted" >"$work/peers"
    forget_gone
    clear_gone
    end_connections
}

# What went: "peer TAB public key TAB name TAB allowed IPs TAB peer|key", "element TAB SET ELEMENT", "service TAB name TAB
# port" lines, each as read back.
report_removals() {
    cat -- "$work/tried"
    {
        { for device in $(interfaces); do wg show "$device" peers 2>/dev/null || true; done; } >"$work/still-there"
        awk -F'\t' -v OFS='\t' 'FILENAME == ARGV[1] { there[$1]; next } !($1 in there) { print "peer", $0 }' "$work/still-there" "$work/unadmitted"
        find_unwanted_elements | comm -23 "$work/unwanted.before" - | sed 's/^/element\t/'
        [[ ! -f "$work/closed.done" ]] || sed 's/^/service\t/' "$work/closed.done"
    } | answer removed
    if [[ -f "$work/gone" && -f "$work/peers" ]]; then prove_gone; fi
    [[ ! -s "$work/problems" ]] || answer problems <"$work/problems"
}
