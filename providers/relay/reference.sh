# shellcheck shell=bash
# The table as it should be and as it is, line by line: "s ..." for a chain, a rule, a set or an interface of ours, "e SET ELEMENT"
# for what else is in a set. What should be is read from a network namespace that the current files are loaded in; it
# is kept in `$run/guard.table` until these files change, and what it was before in `$run/guard.former` until the table has followed.
#
# Gives: read_table, read_reference, is_table_as_applied, table_difference, opened_lines.
# Needs, of the manifest: table.

# What the kernel fills by itself is left out.
table_lines() {
    awk '
        /^\t[a-z]/ && /\{$/ { block = $1 " " $2; set = $2; count = 0; print "s " block; next }
        /^\t\}/ { block = ""; next }
        sub(/^.*elements = \{/, "") { on = 1 }
        on { line = $0; last = sub(/\}.*/, "", line); n = split(line, list, ",")
             for (i = 1; i <= n; i++) { gsub(/ (timeout|expires) [0-9a-z]+/, "", list[i]); gsub(/^[ \t]+|[ \t]+$/, "", list[i])
                 if (list[i] != "" && set !~ /^seen[46]$/) print (set == "ours" ? "s ours " : "e " set " ") list[i] }
             if (last) on = 0
             next }
        /^\t/ { gsub(/^[ \t]+|[ \t]+$/, ""); if ($0 != "") printf "s %s %03d %s\n", (block == "" ? "table" : block), ++count, $0 }' | sort
}

# read_table: what is there, into $work/table.live; an empty file when there is none.
read_table() {
    nft -s list table inet "${want[table]}" 2>/dev/null >"$work/table.text" || : >"$work/table.text"
    table_lines <"$work/table.text" >"$work/table.live"
}

# Of everything that the table is made of.
files_key() {
    local name file
    for name in firewall.nft elements ends interfaces peers network sysctls; do
        file=$(current "$name")
        printf '@%s\n' "$file"
        [[ ! -f "$file" ]] || cat -- "$file"
    done | cat - <(kept_elements) <(passed_elements) | sha256sum
}

# read_reference [again]: what should be there is in $run/guard.table. Fails when the files are not there, cannot be written, or
# nft refuses them; it is called in conditions, where errexit does not count.
read_reference() {
    local key
    [[ -f "$(current firewall.nft)" ]] || return 1
    key=$(files_key)
    [[ -n "${1:-}" || ! -f "$run/guard.table" || ! -f "$run/guard.listed" || "$(cat -- "$run/guard.key" 2>/dev/null)" != "$key" ]] || return 0
    whole_table_nft >"$work/table.nft" || return 1
    # shellcheck disable=SC2016 # expands in the inner shell
    unshare -n bash -c 'nft -f "$1" && nft -s list table inet "$2"' reference "$work/table.nft" "${want[table]}" >"$work/table.text" 2>/dev/null || return 1
    table_lines <"$work/table.text" >"$work/table.listed" || return 1
    # The rules may list an interface that is not recorded yet, or no more: it may be among ours or not.
    interfaces | sed 's/.*/s ours "&"/' | sort | comm -13 - <(grep '^s ours ' "$work/table.listed" || true) | install_file "$run/guard.listed" || return 1
    comm -23 "$work/table.listed" "$run/guard.listed" >"$work/table.wanted" || return 1
    [[ ! -f "$run/guard.table" ]] || cmp -s "$work/table.wanted" "$run/guard.table" || install_file "$run/guard.former" <"$run/guard.table" || return 1
    install_file "$run/guard.table" <"$work/table.wanted" || return 1
    printf '%s\n' "$key" | install_file "$run/guard.key"
}

# What is there, without what may be there or not.
live_lines() { comm -23 "$work/table.live" "$run/guard.listed"; }

is_table_as_applied() { [[ -f "$run/guard.table" ]] && live_lines | cmp -s "$run/guard.table" -; }

# table_difference: in a few words, for the journal.
table_difference() {
    if [[ ! -s "$work/table.live" ]]; then
        printf 'it was gone'
        return 0
    fi
    # Rules without their numbers: one that goes moves all that follow.
    unnumbered <"$run/guard.table" >"$work/unnumbered.wanted"
    live_lines | unnumbered >"$work/unnumbered.live"
    {
        comm -23 "$work/unnumbered.wanted" "$work/unnumbered.live" | sed 's/^. /missing: /'
        comm -13 "$work/unnumbered.wanted" "$work/unnumbered.live" | sed 's/^. /foreign: /'
    } |
        awk 'NR <= 4 { text = text (NR == 1 ? "" : "; ") substr($0, 1, 120) } END { print text (NR > 4 ? "; and " NR - 4 " more" : "") }'
}

unnumbered() { sed -E 's/^(s [a-z]+( [a-z0-9]+)?) [0-9]{3} /\1 /' | sort; }

# Each program that changes the relay has what it brings in its own folder.
announced_elements() {
    local file
    for file in "/run/$(app_name).work".*/elements "$FORMER_WORK".*/elements; do [[ ! -f "$file" ]] || sed 's/^/e /' "$file" 2>/dev/null || true; done
}

# opened_lines: what no step of an update leads to, in whichever moment of it: foreign lines, and missing chains, rules or interfaces. The
# table is as the files say, as they said before, or has elements that a step is about to write into them.
opened_lines() {
    local former="$run/guard.former"
    [[ -f "$former" ]] || former=$run/guard.table
    comm -13 <({ cat -- "$former" "$run/guard.table"; announced_elements; } | sort -u) <(live_lines)
    comm -12 "$former" "$run/guard.table" | awk '$1 == "s"' | comm -23 - "$work/table.live"
}
