# shellcheck shell=bash
# The table's skeleton and the elements of its sets. `$etc/elements` is the record of the elements, one
# "SET ELEMENT" a line: what may be reached, also after a reboot. It is narrowed before an address or port changes its
# meaning, and never says more than the kernel was told: the record is narrowed first and widened last. The sets are
# filled from it whole each time, so that elements of other programs or of an interrupted step are removed.
# While an interface is taken over, what it forwards is kept beside the record (`kept_elements`).
#
# Gives: table_exists, ours_nft, elements_nft, recorded_elements, narrow, replace_elements, remember_elements,
#   fill_sets, live_elements, restore_firewall, step_firewall, step_firewall_delete, step_grants, step_grants_delete,
#   close_sets, report_firewall.
# Needs, of the manifest: table.
# Needs, of core/protocol: elements.ts, ends.ts, interfaces.ts, removed.ts.

table_exists() { nft list table inet "${want[table]}" >/dev/null 2>&1; }

# Interfaces that are recorded are guarded, whatever the skeleton lists.
ours_nft() {
    local device
    for device in $(interfaces); do printf 'add element inet %s ours { "%s" }\n' "${want[table]}" "$device"; done
}

# elements_nft FILE [ENDS]: what the record says, as nft statements: flush all sets, add the elements. Access that ends gets the time that
# is left of it or of its window, and a tenth of a second in which the relay itself takes it away; without an end it is not loaded.
elements_nft() {
    local ends=${2:-$etc/ends} timed=""
    [[ -f "$ends" ]] || ends=/dev/null
    ! has_timed_sets || timed=1
    awk -v table="${want[table]}" -v timed="$timed" -v now="${EPOCHREALTIME/[.,]/}" '
        function left_of(time,   ms, text, n, i, of, unit) {
            ms = time * 1000 + 100 - int(now / 1000)
            if (ms <= 100) return ""
            split("86400000 3600000 60000 1000 1", of, " "); split("d h m s ms", unit, " ")
            for (i = 1; i <= 5; i++) { n = int(ms / of[i]); ms -= n * of[i]; if (n > 0) text = text n unit[i] }
            return text }
        BEGIN { n = split("acl4 acl6 net4 net6 any4 any6 ping4 ping6", order, " ")
                if (timed) { for (i = 1; i <= n; i++) order[n + i] = order[i] "_until"; n *= 2 }
                for (i = 1; i <= n; i++) print "flush set inet " table " " order[i] }
        FILENAME == ARGV[1] { split($0, row, "\t"); ended[row[2]] = row[1] + 0; next }
        FILENAME == ARGV[2] { n_ = split($0, row, "\t")
            if (row[1] == "element") { until[row[3]] = row[2]; window[row[3]] = (n_ > 3 ? row[4] : "-") }
            if (row[1] == "window" && row[3] * 1000000 <= now + 0 && now + 0 < row[4] * 1000000) closes[row[2]] = row[4]
            next }
        $1 ~ /_until$/ {
            if (!($0 in until) || ($0 in ended && until[$0] + 0 <= ended[$0])) next
            time = until[$0] + 0; name = window[$0]
            if (name != "-") { if (!(name in closes)) next; if (closes[name] + 0 < time) time = closes[name] + 0 }
            if ((left = left_of(time)) == "") next
            $0 = $0 " timeout " left }
        { set = $1; sub(/^[^ ]+ /, ""); element[set, ++count[set]] = $0 }
        # A text that grows by appending to it costs the square of its length.
        END { for (i = 1; i <= n; i++) {
                set = order[i]
                if (!(set in count)) continue
                print "add element inet " table " " set " {"
                for (k = 1; k <= count[set]; k++) print "  " element[set, k] (k < count[set] ? "," : "")
                print "}" } }' "$(ended_file)" "$ends" "$1"
}

ended_file() { if [[ -f "$etc/ended" ]]; then printf '%s' "$etc/ended"; else printf /dev/null; fi; }

recorded_elements() {
    [[ ! -f "$etc/elements" ]] || cat -- "$etc/elements"
    kept_elements
}

# narrow FILE: drop every element that mentions an address, network or "address port" pair listed in FILE,
# in the record first (so that no boot brings it back), then in the kernel.
narrow() {
    remember_elements
    if [[ -s "$1" && -f "$etc/elements" ]]; then
        awk 'NR == FNR { if (NF == 2) pair[$1 " " $2] = 1; else cut[$1] = 1; next }
             { keep = 1
               for (i = 2; i <= NF; i++) if ($i in cut) keep = 0
               if (($4 " " $NF) in pair) keep = 0
               if (keep) print }' "$1" "$etc/elements" | replace_elements
    fi
    fill_sets
}

# replace_elements: standard input becomes the record of elements, unless it says the same.
replace_elements() {
    cat >"$work/elements.next"
    if cmp -s "$work/elements.next" "$etc/elements"; then
        # Its mode may have been changed.
        chmod 0600 -- "$etc/elements"
    else
        install_file "$etc/elements" <"$work/elements.next"
    fi
}

# What this program found in the record, before it changed that. A record that was lost is what the kernel has.
remember_elements() {
    if [[ ! -f "$etc/elements" ]] && table_exists; then
        live_elements >"$work/elements.live"
        [[ ! -s "$work/elements.live" ]] || install_file "$etc/elements" <"$work/elements.live"
    fi
    [[ -f "$work/elements.known" ]] || recorded_elements >"$work/elements.known"
}

# fill_sets [FILE ENDS]: the sets hold what the record says, or FILE, and nothing else. What was in them besides is noted.
fill_sets() {
    table_exists || return 0
    local elements=${1:-$work/elements.recorded}
    [[ -n "${1:-}" ]] || recorded_elements >"$elements"
    live_elements >"$work/elements.before"
    # A deleted set is restored with the table.
    elements_nft "$elements" "${2:-}" | load_sets || { restore_firewall; elements_nft "$elements" "${2:-}" | load_sets; }
    live_elements | comm -23 "$work/elements.before" - >"$work/elements.gone"
    awk 'FILENAME == ARGV[1] { known[$0]; next } !($0 in known) { print "element\t" $0 }' "$work/elements.known" "$work/elements.gone" >>"$work/swept"
}

# "SET ELEMENT" lines of the sets that allow access, sorted.
live_elements() { nft -s list table inet "${want[table]}" | table_elements | grep -E '^(acl|net|any|ping)[46](_until)? ' | sort || true; }

restore_firewall() {
    [[ -f "$(current firewall.nft)" ]] || refuse "the relay has no record of its firewall" "run \`pulumi up --refresh\`, which loads the table again"
    load_firewall
}

step_firewall() {
    require_set_up
    if [[ ! -f "$etc/firewall.nft" && ! -f "$etc/mark.firewall" ]] && table_exists; then
        refuse "the nftables table inet ${want[table]} exists but does not belong to this relay" "remove it, or use another appName or interface"
    fi
    sweep
    keep_forwarding
    # Loading for real, in a network namespace that disappears with the process, is the only full check.
    unshare -n nft -f "$work/firewall.nft"
    if must_be_confirmed "$work/firewall.nft" "$etc/firewall.nft"; then
        remember_health /dev/null
        stage_file firewall.nft <"$work/firewall.nft"
        arm_rollback
    else
        install_file "$etc/firewall.nft" <"$work/firewall.nft"
    fi
    load_firewall
    count_from_now
    write_mark firewall
    commit
    report_firewall
}

step_firewall_delete() {
    bears_mark firewall || { echo skipped | answer skipped; return 0; }
    close_interfaces
    ! table_exists || nft delete table inet "${want[table]}"
    forget_kept
    rm -f -- "$etc/firewall.nft" "$etc/elements" "$etc/ends" "$etc/ended" "$etc/mark.firewall"
    commit
}

# A boot never fills the sets with more than the kernel was told: what goes leaves the record first, what is new comes last.
step_grants() {
    require_set_up
    table_is_whole || restore_firewall
    sweep_peers
    sweep_listeners
    admitted_elements
    admitted_ends
    remember_elements
    forget_kept
    narrow_ends
    if [[ -f "$etc/elements" ]]; then
        awk 'FILENAME == ARGV[1] { wanted[$0]; next } $0 in wanted' "$work/elements" "$etc/elements" | replace_elements
    fi
    fill_sets "$work/elements" "$work/ends"
    if [[ -f "$work/ends" ]]; then install_ends <"$work/ends"; fi
    replace_elements <"$work/elements"
    turn_windows
    end_connections
    write_mark grants
    commit
    report_firewall
}

step_grants_delete() {
    bears_mark grants || { echo skipped | answer skipped; return 0; }
    close_sets
    rm -f -- "$etc/mark.grants"
    commit
}

# Nothing is let through any more.
close_sets() {
    remember_elements
    forget_kept
    [[ ! -f "$etc/elements" ]] || install_file "$etc/elements" </dev/null
    fill_sets
}

report_firewall() {
    report_expired
    report_ended
    [[ ! -f "$etc/interfaces" ]] || cut -f 1 "$etc/interfaces" | answer guarded
    table_exists || return 0
    # nft 1.0.6 writes a byte of its memory where the table's flags belong.
    nft -j list table inet "${want[table]}" | sed -E 's/("handle": [0-9]+, "flags": )"[^}]*\}/\1"set"}/' | answer nft
}
