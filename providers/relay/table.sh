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
    nft -f "$work/table.sets" && load_sets <"$work/table.elements" && nft -f "$work/table.chains" && drop_timed_sets
}

# Whether the table that is there has the sets and chains of $work/table.nft, and no flags: a dormant one lets everything pass. The sets of
# access that ends come and go beside the others.
has_shape() { cmp -s <(nft -t list table inet "${want[table]}" | parts_of_table | untimed) <(parts_of_table <"$work/table.nft" | untimed); }
untimed() { grep -v '_until$' || true; }
# Once no rule reads them.
drop_timed_sets() {
    comm -23 <(nft -t list table inet "${want[table]}" | parts_of_table) <(parts_of_table <"$work/table.nft") |
        sed -n "s/^set \(.*_until\)$/delete set inet ${want[table]} \1/p" >"$work/table.surplus"
    [[ ! -s "$work/table.surplus" ]] || nft -f "$work/table.surplus"
}
parts_of_table() { awk '/^(\t|    )[a-z]+ [^ ]+ \{/ || /^\tflags / { print $1, $2 }' | sort; }

# load_sets: standard input says what sets are to hold, by `flush set` and `add element`. The kernel is given the differences
# alone: before Linux 6.17 a packet that meets a transaction in which an element goes and comes back may not find it, and the
# connection would be reset. Fails when one of the sets is not there.
load_sets() {
    cat >"$work/sets.nft" && differences_of_sets add || return 1
    [[ -s "$work/sets.delta" ]] || return 0
    nft -f "$work/sets.delta" && differences_of_sets replace || return 1
    [[ -s "$work/sets.delta" ]] || return 0
    # Before Linux 6.12 an element that is added again keeps its time.
    nft -f "$work/sets.delta" && differences_of_sets replace || return 1
    # An element that nft lists in other words than ours is not found by them.
    [[ ! -s "$work/sets.delta" ]] || nft -f "$work/sets.nft"
}

# "SET ELEMENT TAB time that is left" of elements that end, out of what nft lists.
live_ends() {
    nft list table inet "${want[table]}" | awk '
        $1 == "set" { set = $2 }
        sub(/^.*elements = \{/, "") { on = 1 }
        on { line = $0; last = sub(/\}.*/, "", line); n = (set ~ /_until$/ ? split(line, list, ",") : 0)
             for (i = 1; i <= n; i++) {
                 left = (match(list[i], / expires [0-9a-z]+/) ? substr(list[i], RSTART + 9, RLENGTH - 9) : "")
                 gsub(/ (timeout|expires) [0-9a-z]+/, "", list[i]); gsub(/^[ \t]+|[ \t]+$/, "", list[i])
                 if (list[i] != "") print set " " list[i] "\t" left }
             if (last) on = 0 }'
}

# differences_of_sets add|replace: what $work/sets.nft would change, as nft statements in $work/sets.delta, and how an element gets
# another time.
differences_of_sets() {
    nft -s list table inet "${want[table]}" >"$work/sets.listed" || return 1
    table_elements <"$work/sets.listed" >"$work/sets.live" || return 1
    : >"$work/sets.left" || return 1
    ! grep -q '_until' "$work/sets.nft" || live_ends >"$work/sets.left" || return 1
    awk -v table="${want[table]}" -v how="$1" '
        BEGIN { size["d"] = 86400; size["h"] = 3600; size["m"] = 60; size["s"] = 1; size["ms"] = 0.001 }
        function seconds(text,   sum, unit) {
            while (match(text, /^[0-9]+[a-z]+/)) {
                unit = substr(text, 1, RLENGTH); sum += unit * size[substr(unit, match(unit, /[a-z]/))]
                match(text, /^[0-9]+[a-z]+/); text = substr(text, RLENGTH + 1) }
            return sum }
        function differs(one, other) { return one - other > 2 || other - one > 2 }
        function put(verb, set, element) { given[verb, set, ++count[verb, set]] = element }
        # What the kernel may have forgotten meanwhile can be deleted only after it was added.
        function again(set,   i, last) {
            if (set !~ /_until$/ || !(last = count["delete", set])) return
            for (i = 1; i <= last; i++) put("again", set, given["delete", set, i] " timeout 1s")
            end("again", set) }
        function end(verb, set,   i, last) {
            if (!(last = count[verb, set])) return
            print (verb == "delete" ? verb : "add") " element inet " table " " set " {"
            for (i = 1; i <= last; i++) print "  " given[verb, set, i] (i < last ? "," : "")
            print "}" }
        FILENAME == ARGV[1] { set = $1; sub(/^[^ ]+ /, ""); live[set, $0]; order[++all] = set; element[all] = $0; next }
        FILENAME == ARGV[2] { if ($1 == "set") there[$2]; next }
        FILENAME == ARGV[3] { split($0, row, "\t"); set = $1; sub(/^[^ ]+ /, "", row[1]); left[set, row[1]] = seconds(row[2]); next }
        $1 == "flush" { if (!($5 in there)) exit failed = 1; flushed[$5]; sets[++n] = $5; next }
        $1 == "add" { set = $5; sub(/^[^{]*/, "") }
        { gsub(/[{}]/, ""); m = split($0, list, ",")
          for (i = 1; i <= m; i++) { gsub(/^[ \t]+|[ \t]+$/, "", list[i])
              time = ""; what = list[i]
              if (match(what, / timeout /)) { time = substr(what, RSTART + 9); what = substr(what, 1, RSTART - 1) }
              if (what == "" || (set, what) in wanted) continue
              wanted[set, what]
              if (!((set, what) in live)) put("add", set, list[i])
              else if (time != "" && differs(left[set, what], seconds(time))) {
                  if (how == "replace") put("delete", set, what)
                  put("add", set, list[i]) } } }
        END { if (failed) exit 1
              for (i = 1; i <= all; i++) if (order[i] in flushed && !((order[i], element[i]) in wanted)) put("delete", order[i], element[i])
              for (i = 1; i <= n; i++) { again(sets[i]); end("delete", sets[i]); end("add", sets[i]) } }
    ' "$work/sets.live" "$work/sets.listed" "$work/sets.left" "$work/sets.nft" >"$work/sets.delta"
}
