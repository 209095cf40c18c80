# shellcheck shell=bash
# Two key epochs of a relay: two interfaces with the same peers. Each peer is reached over the interface that it used last.
# The kernel learns it from its packets; the watcher learns it from a newer handshake,
# for peers who only answer and for the networks behind peers. `$etc/moved` keeps it ("public key TAB interface"), and
# fills what was learned again after a restart. What is learned has a table of its own: a reload of ours keeps it.
#
# Gives: epochs_table, oldest, newest, rotating, epochs_due, follow_epochs, has_rule, open_epochs, networks, epochs_nft,
#   close_epochs, check_retirement, backup_keys, remember_retired, remove_retired.
# Needs, of the manifest: table, force, interface.
# Needs, of core/protocol: interfaces.ts, moved.ts, network.ts, peers.ts.

epochs_table() { printf '%s_epochs' "${want[table]}"; }
oldest() { interfaces | sed -n 1p; }
newest() { interfaces | sed -n 2p; }
rotating() { [[ -n "$(newest)" ]]; }

# The last interface of each peer that was on any. In a tie it is the newer one.
last_interfaces() {
    local old new
    old=$(oldest) new=$(newest)
    {
        [[ ! -f "$etc/moved" ]] || sed 's/^/was\t/' "$etc/moved"
        wg show "$old" latest-handshakes 2>/dev/null | sed 's/^/old\t/' || true
        wg show "$new" latest-handshakes 2>/dev/null | sed 's/^/new\t/' || true
    } | awk -F'\t' -v OFS='\t' -v old="$old" -v new="$new" '
        $1 == "was" { was[$2] = $3; next }
        { at[$1, $2] = $3 + 0; keys[$2] }
        END { for (key in keys) {
            o = at["old", key] + 0; n = at["new", key] + 0
            if (o || n) print key, (n >= o ? new : old)
            else if (key in was) print key, was[key] } }' | sort
}

epochs_due() { rotating && [[ "$(last_interfaces)" != "$(cat -- "$etc/moved" 2>/dev/null)" ]]; }

# Whose interface changed is reached there from now on.
follow_epochs() {
    rotating || return 0
    last_interfaces >"$work/moved"
    touch -- "$etc/moved"
    ! cmp -s "$work/moved" "$etc/moved" || return 0
    comm -23 "$work/moved" <(sort "$etc/moved") >"$work/movers"
    install_file "$etc/moved" <"$work/moved"
    record_locations "$work/movers"
}

# record_locations FILE: "public key TAB interface" lines, into the learned sets and the routes of the networks behind.
record_locations() {
    nft list table inet "$(epochs_table)" >/dev/null 2>&1 || return 0
    awk -F'\t' -v new="$(newest)" -v table="$(epochs_table)" -v routes="$work/learn.routes" '
        BEGIN { printf "" > routes }
        FILENAME == ARGV[1] { split($0, word, " "); if (word[1] == "route") behind[word[2]]; next }
        FILENAME == ARGV[2] { on[$1] = $2; next }
        ($1 in on) && $3 != "(none)" {
            n = split($3, ips, ",")
            for (i = 1; i <= n; i++) {
                if (ips[i] in behind) { print (ips[i] ~ /:/ ? "-6" : "-4"), ips[i], on[$1] > routes; continue }
                set = (ips[i] ~ /:/ ? "moved6" : "moved4"); sub(/\/.*/, "", ips[i])
                print "add element inet " table " " set " { " ips[i] " }"
                if (on[$1] != new) print "delete element inet " table " " set " { " ips[i] " }" } }
    ' "$(current network)" "$1" "$(current peers)" | nft -f -
    local family network device
    while read -r family network device; do ip "$family" route replace "$network" dev "$device"; done <"$work/learn.routes"
}

# The bit of the packet mark and the routing table of this relay: the first that no rule on this machine uses.
epoch_mark() {
    local bit mark
    if [[ ! -s "$etc/epoch-mark" ]]; then
        for bit in {24..30}; do
            mark=$(printf '0x%x' "$((1 << bit))")
            has_rule -4 "$mark" || has_rule -6 "$mark" || break
            mark=""
        done
        [[ -n "$mark" ]] || refuse "bits 24 to 30 of the packet mark are all in use on this machine" "finish the key rotation of another relay on this machine first"
        printf '%s\n' "$mark" | install_file "$etc/epoch-mark"
    fi
    cat -- "$etc/epoch-mark"
}

# has_rule FAMILY MARK. `ip` writes a rule at a time: a reader that ends early would make a failure of it, and a rule that
# is there would count as missing.
has_rule() { { ip "$1" rule show 2>/dev/null || true; } | grep -c "fwmark $2/" >/dev/null; }

# open_epochs: idempotent; what is learned already stays.
open_epochs() {
    rotating && interface_exists "$(newest)" || return 0
    local mark network family
    mark=$(epoch_mark)
    while read -r network; do
        family=$(family_of "$network")
        ip "$family" route replace "$network" dev "$(newest)" table "$((mark))"
        has_rule "$family" "$mark" || ip "$family" rule add fwmark "$mark/$mark" lookup "$((mark))"
    done < <(networks)
    ! is_epochs_table_whole "$mark" || return 0
    ! nft list table inet "$(epochs_table)" >/dev/null 2>&1 || nft delete table inet "$(epochs_table)"
    epochs_nft "$mark" | nft -f -
    [[ ! -f "$etc/moved" ]] || record_locations "$etc/moved"
}

networks() { awk '$1 == "subnet" { print $2 }' "$(current network)"; }

# Marks come after destination NAT: replies to a masqueraded peer have its address only from there on.
epochs_nft() {
    local network ip digit
    printf 'add table inet %s\ntable inet %s {\n' "$(epochs_table)" "$(epochs_table)"
    printf '    set moved4 { type ipv4_addr; flags dynamic; size 65535; }\n    set moved6 { type ipv6_addr; flags dynamic; size 65535; }\n'
    printf '    chain learn {\n        type filter hook prerouting priority mangle; policy accept;\n'
    while read -r network; do
        case "$network" in *:*) ip=ip6 digit=6 ;; *) ip=ip digit=4 ;; esac
        printf '        iifname "%s" %s saddr %s update @moved%s { %s saddr }\n' "$(newest)" "$ip" "$network" "$digit" "$ip"
        printf '        iifname "%s" %s saddr %s delete @moved%s { %s saddr }\n' "$(oldest)" "$ip" "$network" "$digit" "$ip"
    done < <(networks)
    printf '    }\n    chain divert {\n        type filter hook prerouting priority dstnat + 10; policy accept;\n'
    printf '        ip daddr @moved4 meta mark set meta mark | %s\n        ip6 daddr @moved6 meta mark set meta mark | %s\n' "$1" "$1"
    printf '    }\n    chain out {\n        type route hook output priority mangle; policy accept;\n'
    printf '        ip daddr @moved4 meta mark set meta mark | %s\n        ip6 daddr @moved6 meta mark set meta mark | %s\n    }\n}\n' "$1" "$1"
}

close_epochs() {
    local mark family
    ! nft list table inet "$(epochs_table)" >/dev/null 2>&1 || nft delete table inet "$(epochs_table)"
    [[ -s "$etc/epoch-mark" ]] || return 0
    mark=$(<"$etc/epoch-mark")
    for family in -4 -6; do
        while has_rule "$family" "$mark"; do ip "$family" rule del fwmark "$mark/$mark" lookup "$((mark))"; done
        ip "$family" route flush table "$((mark))" 2>/dev/null || true
    done
    rm -f -- "$etc/epoch-mark" "$etc/moved"
}

# Interfaces that are recorded and not wanted any more.
# An interface without a key of ours is a foreign line in the record.
retiring() {
    is_recorded_at_all || return 0
    local device
    while read -r device; do [[ ! -f "$etc/key.$device" ]] || printf '%s\n' "$device"; done < <(comm -23 <(cut -f 1 "$etc/interfaces" | sort) <(wanted_interfaces | sort))
}
is_recorded_at_all() { [[ -f "$etc/peers" && -s "$etc/interfaces" ]]; }

# The old key is retired when every peer uses the new one, or when `forceRetire` has its epoch.
check_retirement() {
    local device epoch left
    for device in $(retiring); do
        epoch=$(recorded "$device" 3)
        # A newer epoch that goes is a rotation that is called off: who has not moved notices nothing.
        (($(wanted_epochs | sort -n | sed -n 1p) > epoch)) || continue
        [[ "${want[force]:-}" != "$epoch" ]] || continue
        follow_epochs
        left=$(awk -F'\t' -v device="$device" '
            FILENAME == ARGV[1] { at[$1] = $2; next }
            $3 != "(none)" && (!($1 in at) || at[$1] == device) { print $7 }' <(cat -- "$etc/moved" 2>/dev/null) "$work/peers" | sort -u)
        [[ -z "$left" ]] || refuse "key epoch $epoch is still in use: $(listed "$left") had no handshake with a newer key yet" \
            "hand out the new configuration and wait, or cut them off with \`forceRetire: $epoch\`"
    done
}
wanted_epochs() { cut -f 3 "$work/interfaces"; }

# listed LINES: the first five, and how many more.
listed() { awk 'NR <= 5 { text = text (NR > 1 ? ", " : "") $0 } END { print text (NR > 5 ? " and " NR - 5 " more" : "") }' <<<"$1"; }

# Before the keys of a relay change, those in use are kept aside.
backup_keys() {
    [[ -s "$etc/interfaces" ]] && ! cmp -s <(cut -f 1-3 "$etc/interfaces") <(cut -f 1-3 "$work/interfaces") || return 0
    local folder device
    folder=$etc/backup/$(date -u +%Y%m%dT%H%M%SZ)
    install -d -m 0700 -- "$etc/backup" "$folder"
    for device in $(interfaces); do [[ ! -f "$etc/key.$device" ]] || install -m 0600 -- "$etc/key.$device" "$folder/epoch-$(recorded "$device" 3).key"; done
    printf '%s\n' "$folder" | answer backup
}

# A retired interface is remembered until it is gone, so that nothing that interrupts this leaves it behind.
remember_retired() {
    retiring >"$work/retired"
    [[ ! -s "$work/retired" ]] || cat -- "$work/retired" >>"$etc/retired"
}
remove_retired() {
    local device file epoch
    [[ -s "$etc/retired" ]] || return 0
    while read -r device; do
        ! is_kept "$device" || continue
        remove_interface "$device"
        rm -f -- "$etc/key.$device" "$etc/endpoints.$device"
        [[ "$device" == "${want[interface]}" ]] || nft delete element inet "${want[table]}" ours "{ \"$device\" }" 2>/dev/null || true
    done <"$etc/retired"
    for file in "$etc"/identity.*.key; do
        epoch=${file%.key}
        cut -f 3 "$etc/interfaces" | grep -xF -- "${epoch##*.}" >/dev/null || rm -f -- "$file"
    done
    rm -f -- "$etc/retired"
    rotating || close_epochs
}
