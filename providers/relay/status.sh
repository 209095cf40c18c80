# shellcheck shell=bash
# What a person or a monitor wants to know, in one answer: nothing is changed, no lock is taken, nothing secret leaves.
#
# Gives: step_status, public_dump.
# Needs, of core/protocol: facts.ts, interfaces.ts, journal.ts, mark.ts, owner.ts, services.ts.

# How much of the relay's own journal is told.
JOURNAL_LINES=100

step_status() {
    if [[ ! -f "$etc/owner" ]]; then
        echo status | answer missing
        return 0
    fi
    {
        # Ages are told by the clock that the handshakes were noted with.
        printf 'time\t%s\n' "$(date +%s)"
        [[ ! -f "$etc/generation" ]] || printf 'generation\t%s\n' "$(<"$etc/generation")"
        [[ ! -f "$etc/rolled-back" ]] || printf 'rolledBack\t%s\n' "$(head -n 1 -- "$etc/rolled-back")"
        [[ ! -d "$etc/pending" ]] || printf 'pending\t%s\n' "$(cd "$etc/pending" && printf '%s ' *)"
        if table_exists; then printf 'table\t1\n'; else printf 'table\t0\n'; fi
        if [[ -s "$etc/services" ]]; then
            if proxy_runs && admin_answers >/dev/null 2>&1; then printf 'proxy\t1\n'; else printf 'proxy\t0\n'; fi
        fi
    } | answer status
    [[ -s "$etc/interfaces" ]] || interfaces | answer interfaces
    # What a refresh reads of each part, in one answer: both compare the same.
    local part
    for part in host firewall wireguard proxy grants; do [[ ! -f "$etc/mark.$part" ]] || printf '%s\t%s\n' "$part" "$(<"$etc/mark.$part")"; done | answer marks
    [[ ! -f "$etc/audit-mark" ]] || answer auditmark <"$etc/audit-mark"
    report_host
    report_firewall
    ! table_exists || report_elements
    report_wireguard
    report_record_of_peers
    report_rotation
    report_proxy
    report_files
    [[ ! -f "$etc/journal" ]] || tail -n "$JOURNAL_LINES" -- "$etc/journal" | answer journal
}

# wg's own dump, in which the private key and the preshared keys read as if there were none. Empty when it is mute.
public_dump() {
    { wg show "$1" dump 2>/dev/null || true; } |
        awk 'BEGIN { FS = OFS = "\t" } { if (NR == 1) $1 = "(none)"; else $2 = "(none)" } 1'
}
