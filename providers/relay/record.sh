# shellcheck shell=bash
# For an import: what the relay keeps of a program that is in no state any more.
#
# Gives: report_record.
# Needs, of the manifest: what.
# Needs, of core/protocol: mark.ts, peers.ts.

report_record() {
    local file
    answer record.auditmark <"$etc/audit-mark"
    for file in network interfaces services; do
        [[ ! -f "$etc/$file" ]] || answer "record.$file" <"$etc/$file"
    done
    [[ "${want[what]}" == wireguard ]] || return 0
    [[ ! -f "$etc/peers" ]] || answer record.peers <"$etc/peers"
    for file in "$etc"/key.*; do [[ ! -f "$file" ]] || answer "record.${file##*/}" <"$file"; done
}
