# shellcheck shell=bash
# Access that ends. Its elements are in sets of their own, named *_until, and the kernel forgets each by its timeout, whether or not
# anything of ours runs. Then the relay takes it out of its record and tells of it:
#   $etc/ends     "element TAB Unix time TAB SET ELEMENT TAB window", and for the journal "right TAB Unix time TAB name TAB rule TAB ticket
#                 TAB reason". An element with a window is in its set while that is open: "window TAB name TAB first second TAB first
#                 second after it" says when, for a year and a month from the last update on.
#   $etc/ended    "Unix time TAB SET ELEMENT" of what has ended. It is written before anything is taken away, so nothing that still
#                 knows an element loads it: no update that was planned before, no clock that steps back, no reboot, no rollback. Only an
#                 update that gives it a later time does.
#
# Gives: has_timed_sets, past_ends, turn_windows, passed_elements, next_end, ends_due, end_rights, admitted_ends, narrow_ends, install_ends,
#   retime_ends, report_ended.
# Needs, of core/protocol: elements.ts, ends.ts, journal.ts.

has_timed_sets() { grep -q 'set acl4_until ' "$(current firewall.nft)" 2>/dev/null; }

# past_ends FILE: the rows of a table of ends whose time has come.
past_ends() {
    local now known="$etc/ended"
    [[ -f "$1" ]] || return 0
    printf -v now '%(%s)T' -1
    [[ -f "$known" ]] || known=/dev/null
    awk -F'\t' -v now="$now" '
        FILENAME == ARGV[1] { if (!($2 in ended) || $1 + 0 > ended[$2]) ended[$2] = $1 + 0; next }
        $1 == "window" { next }
        $2 + 0 <= now + 0 || ($1 == "element" && $3 in ended && $2 + 0 <= ended[$3]) { print }' "$known" "$1"
}

# open_windows: the names of windows that are open, sorted.
open_windows() {
    local now
    printf -v now '%(%s)T' -1
    awk -F'\t' -v now="$now" '$1 == "window" && $3 + 0 <= now + 0 && now + 0 < $4 + 0 { print $2 }' "$etc/ends" | sort -u
}

# Elements whose window is not open, "SET ELEMENT" a line.
closed_elements() {
    [[ -f "$etc/ends" ]] || return 0
    awk -F'\t' 'FILENAME == ARGV[1] { open[$0]; next } $1 == "element" && $4 != "" && $4 != "-" && !($4 in open) { print $3 }' <(open_windows) "$etc/ends"
}

# Under the lock: windows that have opened or closed since this was done last. What they are is in $run/windows, and when it was looked
# in $run/windows.at.
turn_windows() {
    if [[ ! -f "$etc/ends" ]] || ! grep -q "^window" "$etc/ends"; then return 0; fi
    printf '%(%s)T\n' -1 >"$work/windows.at"
    open_windows >"$work/windows"
    if ! cmp -s "$work/windows" "$run/windows"; then
        fill_sets
        end_connections
        install_file "$run/windows" <"$work/windows"
    fi
    install_file "$run/windows.at" <"$work/windows.at"
}

# "SET ELEMENT" lines of the record that are no longer to be in a set.
passed_elements() {
    past_ends "$etc/ends" | awk -F'\t' '$1 == "element" { print $3 }'
    closed_elements
}

# The Unix time at which the next access ends, or a window opens or closes; nothing if there is none.
next_end() {
    local at=0
    [[ -f "$etc/ends" ]] || return 0
    [[ ! -f "$run/windows.at" ]] || read -r at <"$run/windows.at" || true
    awk -F'\t' -v at="$at" '
        function sooner(time) { if (next_ == "" || time < next_) next_ = time }
        $1 == "window" { for (i = 3; i <= 4; i++) if ($i + 0 > at + 0) sooner($i + 0); next }
        { sooner($2 + 0) }
        END { if (next_ != "") printf "%.0f\n", next_ }' "$etc/ends"
}

# Whether something has ended. Cheap, without the lock.
ends_due() { past_ends "$etc/ends" | grep -c . >/dev/null; }

# Under the lock: what has ended leaves the record, and the kernel where that has it still. $work/ends.past has its rows. Killed anywhere,
# it does the rest the next time: the rows leave the table of ends last.
end_rights() {
    : >"$work/ends.past"
    past_ends "$etc/ends" >"$work/ends.past"
    [[ -s "$work/ends.past" ]] || return 0
    remember_ended "$work/ends.past"
    remember_elements
    if [[ -f "$etc/elements" ]]; then
        awk 'FILENAME == ARGV[1] { split($0, row, "\t"); if (row[1] == "element") gone[row[3]]; next } !($0 in gone)' "$work/ends.past" "$etc/elements" | replace_elements
    fi
    fill_sets
    end_connections
    journal_ends
    awk 'FILENAME == ARGV[1] { gone[$0]; next } !($0 in gone)' "$work/ends.past" "$etc/ends" | install_ends
}

# remember_ended ROWS: the latest time of each element.
remember_ended() {
    local known="$etc/ended"
    [[ -f "$known" ]] || known=/dev/null
    awk -F'\t' -v OFS='\t' '
        function later(time, element) { if (!(element in times)) order[++count] = element; if (!(element in times) || time > times[element]) times[element] = time }
        FILENAME == ARGV[1] { later($1 + 0, $2); next }
        $1 == "element" { later($2 + 0, $3) }
        END { for (i = 1; i <= count; i++) printf "%.0f\t%s\n", times[order[i]], order[i] }' "$known" "$1" >"$work/ended"
    [[ ! -s "$work/ended" ]] || install_file "$etc/ended" <"$work/ended"
}

# One event for each right, and not a second time after an interruption.
journal_ends() {
    local kind time name rule ticket reason moment fields
    # Tabs are white space to read, and two of them would be one.
    while IFS=$'\x1f' read -r kind time name rule ticket reason; do
        [[ "$kind" == right ]] || continue
        TZ=UTC0 printf -v moment '%(%Y-%m-%dT%H:%M:%SZ)T' "$time"
        fields=("name=$name" "rule=$rule" "until=$moment")
        ! grep -qF -- "$(printf '\t%s' right_end "${fields[@]}")" "$etc/journal" 2>/dev/null || continue
        [[ -z "$ticket" ]] || fields+=("ticket=$ticket")
        [[ -z "$reason" ]] || fields+=("reason=$reason")
        journal right_end "${fields[@]}"
    done < <(tr '\t' '\037' <"$work/ends.past")
}

# install_ends: standard input becomes the table of ends; without a row there is none.
install_ends() {
    cat >"$work/ends.left"
    if [[ -s "$work/ends.left" ]]; then install_file "$etc/ends" <"$work/ends.left"; else rm -f -- "$etc/ends"; fi
}

# What a step brings was planned before: what has ended since is not in it. What has a later time in spite of what is remembered was
# allowed again.
admitted_ends() {
    [[ -f "$work/ends" || -f "$etc/ends" || -f "$etc/ended" ]] || return 0
    touch -- "$work/ends"
    end_rights
    past_ends "$work/ends" >"$work/ends.late"
    if [[ -s "$work/ends.late" ]]; then
        remember_ended "$work/ends.late"
        awk 'FILENAME == ARGV[1] { split($0, row, "\t"); if (row[1] == "element") gone[row[3]]; next } !($0 in gone)' "$work/ends.late" "$work/elements" >"$work/elements.current"
        mv -f -- "$work/elements.current" "$work/elements"
        awk 'FILENAME == ARGV[1] { gone[$0]; next } !($0 in gone)' "$work/ends.late" "$work/ends" >"$work/ends.current"
        mv -f -- "$work/ends.current" "$work/ends"
    fi
    if grep -q '^[a-z0-9]*_until ' "$work/elements" && ! has_timed_sets; then
        refuse "the relay's table has no sets for access that ends" "run \`pulumi up\` for the whole relay, not for its access rules alone"
    fi
    [[ -f "$etc/ended" ]] || return 0
    awk -F'\t' 'FILENAME == ARGV[1] { if ($1 == "element") back[$3]; next } !($2 in back)' "$work/ends" "$etc/ended" >"$work/ended"
    cmp -s "$work/ended" "$etc/ended" || install_file "$etc/ended" <"$work/ended"
}

# Before the kernel is told: what is in both tables ends at the earlier of two times, so no boot lets anything pass for longer than one of
# them says.
narrow_ends() {
    [[ -f "$etc/ends" && -f "$work/ends" ]] || return 0
    awk -F'\t' -v OFS='\t' '
        FILENAME == ARGV[1] { if ($1 == "element") former[$3] = $2; next }
        $1 == "element" && ($3 in former) && former[$3] + 0 < $2 + 0 { $2 = former[$3] }
        { print }' "$etc/ends" "$work/ends" | install_ends
}

# The kernel counts down whatever the time of day becomes: after a step of the clock its elements get the time that is left by the new one.
retime_ends() {
    local uptime clock former=""
    [[ -f "$etc/ends" ]] || return 0
    read -r uptime _ </proc/uptime
    clock=$((EPOCHSECONDS - ${uptime%.*}))
    [[ ! -f "$run/clock" ]] || read -r former <"$run/clock" || true
    [[ -n "$former" ]] && ((clock - former <= 1 && former - clock <= 1)) && return 0
    printf '%s\n' "$clock" >"$run/clock"
    [[ -z "$former" ]] || fill_sets
}

# "Unix time TAB SET ELEMENT": what has ended; with 0 what is in the record still, but in no set: it waits for its removal, or its window
# is closed.
report_ended() {
    local record="$etc/elements"
    [[ -f "$etc/ended" || -f "$etc/ends" ]] || return 0
    [[ -f "$record" ]] || record=/dev/null
    {
        [[ ! -f "$etc/ended" ]] || cat -- "$etc/ended"
        past_ends "$etc/ends" | awk -F'\t' -v OFS='\t' '$1 == "element" { print $2, $3 }'
        closed_elements | sed 's/^/0\t/'
    } | awk -F'\t' 'FILENAME == ARGV[1] { there[$0]; next } { print ($2 in there ? 0 : $1) "\t" $2 }' "$record" - | sort -u | answer ended
}
