# shellcheck shell=bash
# The table's skeleton and the elements of its sets. `$etc/elements` is the record of the elements, one
# "SET ELEMENT" a line: what may be reached, also after a reboot. Narrowing it comes before any change of meaning.

table_exists() { nft list table inet "${want[table]}" >/dev/null 2>&1; }

# Interfaces that are recorded are guarded, whatever the skeleton lists.
ours_nft() {
    local device
    for device in $(interfaces); do printf 'add element inet %s ours { "%s" }\n' "${want[table]}" "$device"; done
}

# The elements as one nft transaction: flush all, add what the record says.
elements_nft() {
    awk -v table="${want[table]}" '
        BEGIN { n = split("acl4 acl6 net4 net6 any4 any6 ping4 ping6", order, " ")
                for (i = 1; i <= n; i++) print "flush set inet " table " " order[i] }
        { set = $1; sub(/^[^ ]+ /, ""); sets[set] = sets[set] (sets[set] == "" ? "" : ",\n") "  " $0 }
        END { for (i = 1; i <= n; i++) if (sets[order[i]] != "")
                print "add element inet " table " " order[i] " {\n" sets[order[i]] "\n}" }' "$1"
}

# narrow FILE: drop every element that mentions an address, network or "address port" pair listed in FILE,
# in the record first (so that no boot brings it back), then in the kernel.
narrow() {
    [[ -s "$1" && -f "$etc/elements" ]] || return 0
    awk 'NR == FNR { if (NF == 2) pair[$1 " " $2] = 1; else cut[$1] = 1; next }
         { keep = 1
           for (i = 2; i <= NF; i++) if ($i in cut) keep = 0
           if (($4 " " $NF) in pair) keep = 0
           if (keep) print }' "$1" "$etc/elements" >"$work/elements.narrow"
    cmp -s "$work/elements.narrow" "$etc/elements" && return 0
    install_file "$etc/elements" <"$work/elements.narrow"
    table_exists || return 0
    elements_nft "$etc/elements" | nft -f -
}

# load_firewall: skeleton and recorded elements in one transaction, so that no packet sees half of it.
load_firewall() {
    local elements="$etc/elements"
    [[ -f "$elements" ]] || elements=/dev/null
    { cat "$(current firewall.nft)"; ours_nft; elements_nft "$elements"; } | nft -f -
}

restore_firewall() {
    [[ -f "$(current firewall.nft)" ]] || refuse "the relay has no record of its firewall" "run \`pulumi up --refresh\`, which loads it again"
    load_firewall
}

step_firewall() {
    require_set_up
    if [[ ! -f "$etc/firewall.nft" ]] && table_exists; then
        refuse "the nftables table inet ${want[table]} exists and is not ours" "remove it, or use another appName or interface"
    fi
    keep_forwarding
    # Loading for real, in a network namespace that disappears with the process, is the only full check.
    unshare -n nft -f "$work/firewall.nft"
    if must_be_confirmed "$work/firewall.nft" "$etc/firewall.nft"; then
        remember_health /dev/null
        hold firewall.nft <"$work/firewall.nft"
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
    ! table_exists || nft delete table inet "${want[table]}"
    rm -f -- "$etc/firewall.nft" "$etc/elements" "$etc/mark.firewall"
    commit
}

step_grants() {
    require_set_up
    table_exists || restore_firewall
    admitted_elements
    install_file "$etc/elements" <"$work/elements"
    elements_nft "$etc/elements" | nft -f -
    write_mark grants
    commit
    report_firewall
}

step_grants_delete() {
    bears_mark grants || { echo skipped | answer skipped; return 0; }
    install_file "$etc/elements" </dev/null
    ! table_exists || elements_nft "$etc/elements" | nft -f -
    rm -f -- "$etc/mark.grants"
    commit
}

report_firewall() {
    report_expired
    table_exists || return 0
    nft -j list table inet "${want[table]}" | answer nft
}
