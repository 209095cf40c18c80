# shellcheck shell=bash
# Peers with an expiry. The relay itself cuts them off then, without an update, and records it:
# `$etc/expired` has a line "public key TAB Unix time TAB name TAB allowed IPs" for each. It is written before anything
# is taken away, so nothing that still knows them brings them back: no table that was planned before, no clock that
# steps back, no reboot, no rollback. Only a table in which they have a later time, or none, does.
#
# Gives: select_peers, expiry_due, next_due, next_expiry, expire_due, expire_peers, forget_routes, forget_rows, admitted_peers,
#   admitted_elements, report_expired, expire_at_boot.
# Needs, of the manifest: table.
# Needs, of core/protocol: elements.ts, expired.ts, journal.ts, network.ts, peers.ts, revocation.ts.

# select_peers WHICH TABLE: the rows of a table of peers that count ("current"), or those whose time has come ("past").
select_peers() {
    local now known="$etc/expired"
    printf -v now '%(%s)T' -1
    [[ -f "$known" ]] || known=/dev/null
    awk -F'\t' -v which="$1" -v now="$now" '
        function later(of, index_, time) { if (!(index_ in of) || time > of[index_]) of[index_] = time }
        FILENAME == ARGV[1] { later(by_key, $1, $2 + 0); later(by_name, $3, $2 + 0); next }
        # An incomplete row is no peer.
        NF < 7 { next }
        { past = $6 != "-" && ($6 + 0 <= now + 0 || ($1 in by_key && $6 + 0 <= by_key[$1]) || ($7 in by_name && $6 + 0 <= by_name[$7]))
          if (past == (which == "past")) print }' "$known" "$2"
}

# Whether a peer has expired. Cheap, without the lock.
expiry_due() {
    local table
    table=$(current peers)
    # Not -q, which ends early and would make a failure of it.
    [[ -f "$table" ]] && select_peers past "$table" | grep -c . >/dev/null
}

# The Unix time at which the next peer expires or the next access ends; nothing if there is none.
next_due() { { next_expiry; next_end; } | sort -n | awk 'NR == 1'; }

# The Unix time of the next expiry, also after 2038 (mawk's %d ends there); nothing if there is none.
next_expiry() {
    local table
    table=$(current peers)
    [[ ! -f "$table" ]] || awk -F'\t' '$6 != "-" && (next_ == "" || $6 + 0 < next_) { next_ = $6 + 0 } END { if (next_ != "") printf "%.0f\n", next_ }' "$table"
}

# What the watcher runs, under the lock.
expire_due() {
    expire_peers
    end_rights
    turn_windows
    [[ ! -s "$work/past" && ! -s "$work/ends.past" ]] || commit
}

# Cuts off all expired peers; $work/past has their rows. Killed anywhere, it does the rest the next time:
# the rows leave their tables last, and until then no interface is filled with them.
expire_peers() {
    local table device
    : >"$work/past"
    table=$(current peers)
    [[ -f "$table" ]] || return 0
    select_peers past "$table" >"$work/past"
    [[ -s "$work/past" ]] || return 0
    remember_expired "$work/past"
    addresses_of "$work/past" >"$work/past.cut"
    narrow "$work/past.cut"
    for device in $(interfaces); do
        answers_wg "$device" >/dev/null 2>&1 || continue
        cut -f 1 "$work/past" | remove_peers "$device"
    done
    close_connections "$work/past.cut"
    cat -- "$work/past.cut" >>"$work/gone.addresses"
    ! table_exists || forget_elements "${want[table]}" seen
    forget_routes "$work/past.cut"
    journal_expiries
    forget_rows "$work/past"
    load_owners
}

# remember_expired ROWS: the latest time of each key.
remember_expired() {
    local known="$etc/expired"
    [[ -f "$known" ]] || known=/dev/null
    awk -F'\t' -v OFS='\t' '
        FILENAME == ARGV[1] { line = $0; key = $1; time = $2 + 0 }
        FILENAME != ARGV[1] { line = $1 OFS $6 OFS $7 OFS $3; key = $1; time = $6 + 0 }
        !(key in times) { order[++count] = key }
        !(key in times) || time >= times[key] { times[key] = time; lines[key] = line }
        END { for (i = 1; i <= count; i++) print lines[order[i]] }' "$known" "$1" >"$work/expired"
    install_file "$etc/expired" <"$work/expired"
}

# addresses_of ROWS: their addresses and networks, as elements of sets have them.
addresses_of() {
    awk -F'\t' '$3 != "(none)" { n = split($3, list, ","); for (i = 1; i <= n; i++) { sub(/\/(32|128)$/, "", list[i]); print list[i] } }' "$1"
}

# forget_routes ADDRESSES: networks behind them lead nowhere any more.
forget_routes() {
    local file route device
    for file in "$etc/network" "$etc/pending/network"; do
        [[ -f "$file" ]] || continue
        without_routes "$1" "$file" >"$work/network.left"
        cmp -s "$work/network.left" "$file" || install_file "$file" <"$work/network.left"
    done
    while read -r route; do
        for device in $(interfaces); do ip route del "$route" dev "$device" 2>/dev/null || true; done
    done < <(grep / "$1")
}

without_routes() { awk 'FILENAME == ARGV[1] { gone[$1] = 1; next } !($1 == "route" && ($2 in gone))' "$1" "$2"; }

# One event each, and not a second time after an interruption.
journal_expiries() {
    local key time name addresses moment
    while IFS=$'\t' read -r key _ addresses _ _ time name; do
        TZ=UTC0 printf -v moment '%(%Y-%m-%dT%H:%M:%SZ)T' "$time"
        ! grep -qF -- "public_key=$key"$'\t'"expires=$moment" "$etc/journal" 2>/dev/null || continue
        journal peer_expire "name=$name" "allowed_ips=$addresses" "public_key=$key" "expires=$moment"
    done <"$work/past"
}

# forget_rows ROWS: out of everything that an interface may be filled from.
forget_rows() {
    local file
    for file in "$etc/peers" "$etc/pending/peers" "$etc"/endpoints.*; do
        [[ -f "$file" ]] || continue
        awk 'FILENAME == ARGV[1] { gone[$1] = 1; next } !($1 in gone)' "$1" "$file" >"$work/rows.left"
        cmp -s "$work/rows.left" "$file" || install_file "$file" <"$work/rows.left"
    done
}

# The table that a step brings was planned before: whose time has come since is not in it. Who has a later one, or
# none, in spite of what is remembered, was let in again.
admitted_peers() {
    expire_peers
    select_peers past "$work/peers" >"$work/late"
    if [[ -s "$work/late" ]]; then
        remember_expired "$work/late"
        select_peers current "$work/peers" >"$work/peers.current"
        mv -f -- "$work/peers.current" "$work/peers"
        addresses_of "$work/late" >"$work/late.cut"
        without_routes "$work/late.cut" "$work/network" >"$work/network.current"
        mv -f -- "$work/network.current" "$work/network"
    fi
    [[ -f "$etc/expired" ]] || return 0
    awk -F'\t' 'FILENAME == ARGV[1] { back[$1] = 1; next } !($1 in back)' "$work/peers" "$etc/expired" >"$work/expired"
    cmp -s "$work/expired" "$etc/expired" || install_file "$etc/expired" <"$work/expired"
}

# The same for elements: elements with an address of an expired peer, which no other peer has got since, are not loaded.
admitted_elements() {
    expired_peers | awk -F'\t' '$4 != "-" { n = split($4, list, ","); for (i = 1; i <= n; i++) print list[i] }' >"$work/elements.cut"
    [[ -s "$work/elements.cut" ]] || return 0
    awk 'FILENAME == ARGV[1] { cut[$1] = 1; next } { for (i = 2; i <= NF; i++) if ($i in cut) next; print }' \
        "$work/elements.cut" "$work/elements" >"$work/elements.current"
    mv -f -- "$work/elements.current" "$work/elements"
}

# "public key TAB Unix time TAB name TAB addresses": expired peers, and their addresses that no other peer has got since; "-" for none.
expired_peers() {
    local table
    [[ -f "$etc/expired" ]] || return 0
    table=$(current peers)
    [[ -f "$table" ]] || table=/dev/null
    awk -F'\t' -v OFS='\t' '
        FILENAME == ARGV[1] { n = split($3, list, ","); for (i = 1; i <= n; i++) owned[list[i]] = 1; next }
        { left = ""; n = split($4, list, ",")
          for (i = 1; i <= n; i++) if (!(list[i] in owned)) { sub(/\/(32|128)$/, "", list[i]); left = left (left == "" ? "" : ",") list[i] }
          print $1, $2, $3, (left == "" ? "-" : left) }' "$table" "$etc/expired"
}

report_expired() { [[ ! -f "$etc/expired" ]] || expired_peers | answer expired; }

# Before the table is loaded at a boot: peers that expired and access that ended while the machine was off.
expire_at_boot() {
    expiry_due || ends_due || return 0
    take_lock
    expire_due >/dev/null
}
