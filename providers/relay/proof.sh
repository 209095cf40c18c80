# shellcheck shell=bash
# Proof that removed peers are gone: read back from everything that could admit them, now or after a boot, a rollback or a restart.
# A change lists the peers that it removes in `$work/gone`, a line "public key TAB allowed IPs" for each key.
#
# Gives: forget_gone, forget_elements, close_connections, clear_gone, prove_gone.
# Needs, of the manifest: table, interface.
# Needs, of core/protocol: moved.ts, moving.ts, peers.ts, revocation.ts.

# What must be gone: keys without a peer, former keys included, and addresses that no other peer was given.
gone_for_good() {
    touch -- "$work/gone"
    awk -F'\t' -v keys="$work/gone.keys" -v addresses="$work/gone.addresses" '
        function plain(text) { sub(/\/(32|128)$/, "", text); return text }
        BEGIN { printf "" > keys; printf "" > addresses }
        FILENAME == ARGV[1] { has[$1]; n = split($3, list, ","); for (i = 1; i <= n; i++) owned[plain(list[i])]; next }
        !($1 in has) {
            print $1 > keys
            n = split($2, list, ",")
            for (i = 1; i <= n; i++) if (!(plain(list[i]) in owned)) print plain(list[i]) > addresses
        }' "$work/peers" "$work/gone"
}

# Records about removed peers. They admit no one, but for the next peer with the same address they
# would be wrong. Of a change that waits for its confirmation it is also what a rollback would lead to.
forget_gone() {
    gone_for_good
    [[ -s "$work/gone.keys" ]] || return 0
    if [[ -f "$etc/moved" ]]; then
        awk -F'\t' 'FILENAME == ARGV[1] { gone[$1]; next } !($1 in gone)' "$work/gone.keys" "$etc/moved" >"$work/moved.left"
        cmp -s "$work/moved.left" "$etc/moved" || install_file "$etc/moved" <"$work/moved.left"
    fi
    forget_routes "$work/gone.addresses"
    forget_elements "${want[table]}" seen
    ! nft list table inet "$(epochs_table)" >/dev/null 2>&1 || forget_elements "$(epochs_table)" moved
    close_connections "$work/gone.addresses"
}

# forget_elements TABLE SET: an element that may have gone by itself meanwhile can be deleted only after it was added.
forget_elements() {
    [[ -s "$work/gone.addresses" ]] || return 0
    awk -v set="inet $1 $2" '!/\// { digit = ($0 ~ /:/ ? 6 : 4)
        print "add element " set digit " { " $0 " }"; print "delete element " set digit " { " $0 " }" }' "$work/gone.addresses" | nft -f -
}

# close_connections ADDRESSES: those with the relay itself, to its services for instance, are told of their end. No packet
# passes either way; a kernel that cannot close them leaves them to their own timers.
close_connections() {
    local filter
    while read -r filter; do
        ss -K -H -tn "$filter" >/dev/null 2>&1 || true
    done < <(awk '{ printf "%s dst %s", (NR % 300 == 1 ? (NR > 1 ? "\n" : "") : " or"), ($0 ~ /:/ ? "[" $0 "]" : $0) } END { if (NR) print "" }' "$1")
}

# An element in a set that no step of ours fills is from another program: it is removed by reloading the whole table.
clear_gone() {
    [[ -s "$work/gone.addresses" ]] || return 0
    ! is_in_sets "${want[table]}" || replace_table
    if is_in_sets "$(epochs_table)"; then
        nft delete table inet "$(epochs_table)"
        open_epochs
    fi
}
is_in_sets() {
    nft list table inet "$1" >"$work/proof.table" 2>/dev/null || return 1
    elements_in "$work/proof.table" | grep -xFf "$work/gone.addresses" >/dev/null
}

prove_gone() {
    [[ -s "$work/gone.keys" ]] || return 0
    local device loaded file
    {
        for device in "${want[interface]}" "${want[interface]}b"; do
            interface_exists "$device" || continue
            wg show "$device" peers | report_left keys "interface $device"
            live_routes "$device" | sed 's/\/\(32\|128\)$//' | report_left addresses "the routes of $device"
        done
        for loaded in "${want[table]}" "$(epochs_table)"; do
            nft list table inet "$loaded" >"$work/proof.table" 2>/dev/null || continue
            elements_in "$work/proof.table" | report_left addresses "the sets of table inet $loaded"
        done
        # Otherwise a flow would not end with its element.
        { nft list table inet "${want[table]}" 2>/dev/null || true; } |
            awk '/established/ && /accept/ && !/@/ && !/echo-reply/ { sub(/^[ \t]*/, ""); print "left\trules\t" $0 }'
        for file in peers interfaces moving moved pending/peers "endpoints.${want[interface]}" "endpoints.${want[interface]}b"; do
            [[ ! -f "$etc/$file" ]] || tr '\t' '\n' <"$etc/$file" | report_left keys "$file"
        done
        for file in elements network pending/network; do
            [[ ! -f "$etc/$file" ]] || { grep -v '^behind ' "$etc/$file" || true; } | tr ' ' '\n' | report_left addresses "$file"
        done
    } | answer proof
}

# report_left KEYS|ADDRESSES WHERE: what is on standard input, one a line, and has to be gone.
report_left() {
    printf 'read\t%s\t%s\n' "$1" "$2"
    awk -v what="$1" -v where="$2" 'FILENAME == ARGV[1] { gone[$0]; next } ($0 in gone) && !told[$0]++ { print "left\t" what "\t" where "\t" $0 }' "$work/gone.$1" -
}

# elements_in LISTING: every part of every element of every set, one a line.
elements_in() {
    awk '/elements = \{/ { on = 1; sub(/.*elements = \{/, "") }
         on { last = /\}/; gsub(/[{},]/, " "); for (i = 1; i <= NF; i++) if ($i != ".") print $i; if (last) on = 0 }' "$1"
}
