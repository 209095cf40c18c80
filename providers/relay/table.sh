# shellcheck shell=bash
# How the relay's table and what its sets hold get into the kernel without a packet meeting a half of it.
#
# The kernel starts the rules of a transaction before it hands out what the transaction puts into interval sets
# (nf_tables_commit): a packet in between passes the new rules and finds the sets empty, and its connection is reset. So
# sets are filled first, and rules that read them come in a transaction of their own.
#
# Gives: load_firewall, replace_table, whole_table_nft, load_sets.
# Needs, of the manifest: table.

# load_firewall: skeleton and recorded elements.
load_firewall() {
    whole_table_nft >"$work/table.nft" || return 1
    load_in_turn || nft -f "$work/table.nft"
}

# replace_table: the same in one transaction, whatever is there now.
replace_table() { whole_table_nft | nft -f -; }

# All of it or a failure, also in a condition, where errexit does not count.
whole_table_nft() {
    cat "$(current firewall.nft)" && ours_nft && elements_nft <(recorded_elements) || return 1
    ! grep -q 'set switched4 ' "$(current firewall.nft)" || { forwarding_nft && owners_nft; }
}

# Sets, what they hold, rules. Fails, with nothing in the way of a replacement, where a table of another shape is there.
load_in_turn() {
    if table_exists; then has_shape || return 1; fi
    awk -v table="${want[table]}" -v sets="$work/table.sets" -v elements="$work/table.elements" -v chains="$work/table.chains" '
        BEGIN { print "add table inet " table >sets; print "" >elements; print "flush table inet " table "\ntable inet " table " {" >chains }
        /^    set / {
            if (match($0, /elements = \{[^}]*\};/)) {
                print "flush set inet " table " " $2 "\nadd element inet " table " " $2 " " substr($0, RSTART + 11, RLENGTH - 12) >elements
                $0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH) }
            sub(/^ *set [^ ]+/, "add set inet " table " " $2); print >sets; next }
        /^    chain /, /^    }/ { print >chains; next }
        /^(flush|add element) /, /}$|^flush/ { print >elements }
        END { print "}" >chains }' "$work/table.nft" || return 1
    nft -f "$work/table.sets" && load_sets <"$work/table.elements" && nft -f "$work/table.chains"
}

# Whether the table that is there has the sets and chains of $work/table.nft, and no flags: a dormant one lets everything pass.
has_shape() { cmp -s <(nft -t list table inet "${want[table]}" | parts_of_table) <(parts_of_table <"$work/table.nft"); }
parts_of_table() { awk '/^(\t|    )[a-z]+ [^ ]+ \{/ || /^\tflags / { print $1, $2 }' | sort; }

# load_sets: standard input says what sets are to hold, by `flush set` and `add element`. The kernel is given the differences
# alone: before Linux 6.17 a packet that meets a transaction in which an element goes and comes back may not find it, and the
# connection would be reset. Fails when one of the sets is not there.
load_sets() {
    cat >"$work/sets.nft" && differences_of_sets || return 1
    [[ -s "$work/sets.delta" ]] || return 0
    nft -f "$work/sets.delta" && differences_of_sets || return 1
    # An element that nft lists in other words than ours is not found by them.
    [[ ! -s "$work/sets.delta" ]] || nft -f "$work/sets.nft"
}

# What $work/sets.nft would change, as nft statements in $work/sets.delta.
differences_of_sets() {
    nft -s list table inet "${want[table]}" >"$work/sets.listed" || return 1
    table_elements <"$work/sets.listed" >"$work/sets.live" || return 1
    awk -v table="${want[table]}" '
        function put(verb, set, element) { given[verb, set, ++count[verb, set]] = element }
        function end(verb, set,   i, last) {
            if (!(last = count[verb, set])) return
            print verb " element inet " table " " set " {"
            for (i = 1; i <= last; i++) print "  " given[verb, set, i] (i < last ? "," : "")
            print "}" }
        FILENAME == ARGV[1] { set = $1; sub(/^[^ ]+ /, ""); live[set, $0]; order[++all] = set; element[all] = $0; next }
        FILENAME == ARGV[2] { if ($1 == "set") there[$2]; next }
        $1 == "flush" { if (!($5 in there)) exit failed = 1; flushed[$5]; sets[++n] = $5; next }
        $1 == "add" { set = $5; sub(/^[^{]*/, "") }
        { gsub(/[{}]/, ""); m = split($0, list, ",")
          for (i = 1; i <= m; i++) { gsub(/^[ \t]+|[ \t]+$/, "", list[i])
              if (list[i] == "" || (set, list[i]) in wanted) continue
              wanted[set, list[i]]; if (!((set, list[i]) in live)) put("add", set, list[i]) } }
        END { if (failed) exit 1
              for (i = 1; i <= all; i++) if (order[i] in flushed && !((order[i], element[i]) in wanted)) put("delete", order[i], element[i])
              for (i = 1; i <= n; i++) { end("delete", sets[i]); end("add", sets[i]) } }
    ' "$work/sets.live" "$work/sets.listed" "$work/sets.nft" >"$work/sets.delta"
}
