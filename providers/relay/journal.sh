# shellcheck shell=bash
# What the relay did between updates: an expiry, a key that moved, a certificate that was renewed. One event a
# line, oldest first: "Unix time TAB action TAB key=value", with as many such fields as it takes. The next operation
# seals every line in the log, and the change that it makes drops exactly those.
#
# Gives: journal, journal_line, drop_sealed.
# Needs, of the manifest: journal.
# Needs, of core/protocol: journal.ts.

# journal ACTION FIELD...: under the lock, in one piece. The relay's own clock is the clock of record.
journal() { journal_line "$@" >>"$etc/journal"; }

journal_line() {
    local line
    printf -v line '%(%s)T' -1
    line+=$(printf '\t%s' "$@")
    printf '%s\n' "$line"
}

# The first lines are in the log by now; what came meanwhile is not. A program with several steps drops once.
drop_sealed() {
    local sealed=${want[journal]:-0}
    want[journal]=0
    [[ "$sealed" != 0 && -f "$etc/journal" ]] || return 0
    tail -n +"$((sealed + 1))" -- "$etc/journal" | install_file "$etc/journal"
    [[ -s "$etc/journal" ]] || rm -f -- "$etc/journal"
}
