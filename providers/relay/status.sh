# shellcheck shell=bash
# What a person or a monitor wants to know, in one answer: nothing is changed, no lock is taken, nothing secret leaves.

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
    if [[ -s "$etc/interfaces" ]]; then answer interfaces <"$etc/interfaces"; else interfaces | answer interfaces; fi
    local interface file
    [[ ! -s "$etc/moving" ]] || answer moving <"$etc/moving"
    while read -r interface; do public_dump "$interface" | answer "dump.$interface"; done < <(interfaces)
    [[ ! -s "$etc/services" ]] || own_listeners | answer listeners
    for file in "$etc"/certs/*.pem; do
        # Nothing but certificates, whatever else somebody may keep in that file.
        [[ ! -e "$file" ]] || sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p' "$file" | answer "certificate.${file##*/}"
    done
    [[ ! -f "$etc/journal" ]] || tail -n "$JOURNAL_LINES" -- "$etc/journal" | answer journal
}

# wg's own dump, in which the private key and the preshared keys read as if there were none. Empty when it is mute.
public_dump() {
    { wg show "$1" dump 2>/dev/null || true; } |
        awk 'BEGIN { FS = OFS = "\t" } { if (NR == 1) $1 = "(none)"; else $2 = "(none)" } 1'
}

# "ADDRESS:PORT" lines: where our proxy, and nobody else, accepts connections.
own_listeners() {
    local pid
    pid=$(proxy_pid)
    [[ -n "$pid" ]] || return 0
    ss -H -ltnp | awk -v pid="pid=$pid," 'index($0, pid) { print $4 }'
}
