# shellcheck shell=bash
# What is compared with what an apply would make: files, units, processes, the elements of the table's own sets, and what
# belongs to a key rotation. Nothing secret leaves: a file is its mode and its hash, a preshared key is the same or not.
#
# Gives: report_files, report_elements, table_elements, report_record_of_peers, report_rotation, is_rotation_whole,
#   is_epochs_table_whole.
# Needs, of the manifest: name, table.
# Needs, of core/protocol: elements.ts, files.ts, network.ts, peers.ts, units.ts.

# report_files: "path TAB mode TAB sha256" of every file of ours that only an apply changes; folders have no hash.
report_files() {
    local folder
    folder=$(caddy_folder)
    {
        (
            cd -- "$etc" || exit 1
            find . -maxdepth 0 -printf '.\t%m\n'
            find certs issuers keys -maxdepth 0 -type d -printf '%P/\t%m\n' 2>/dev/null | sed 's/^\///' || true
        )
        list_files "$etc" "" firewall.nft manifest owner relay-id program interfaces elements ends services caddy.json renewals audit-mark generation
        list_files "$etc" "" 'key.*' 'identity.*.key' 'certs/*' 'issuers/*'
        list_files "$folder" caddy/ caddy
        ! uses_systemd || list_files /etc/systemd/system unit/ "${want[name]}-*.service" "${want[name]}-*.timer"
    } | answer files
    [[ ! -f "$etc/program.sum" ]] || answer program.sum <"$etc/program.sum"
    report_units
}

# list_files FOLDER PREFIX PATTERN...: those that are there; what waits for its confirmation is what counts.
list_files() (
    local folder=$1 prefix=$2 each
    cd -- "$folder" 2>/dev/null || return 0
    shift 2
    # shellcheck disable=SC2048 # patterns of names without blanks
    for each in $*; do
        if [[ -f "pending/$each" ]]; then
            printf '%s\t%s\n' "$prefix$each" "pending/$each"
        elif [[ -f "$each" ]]; then
            printf '%s\t%s\n' "$prefix$each" "$each"
        fi
    done >"$work/list"
    [[ -s "$work/list" ]] || return 0
    cut -f 2 "$work/list" | tr '\n' '\0' | xargs -0 stat -c '%a' -- >"$work/list.modes"
    cut -f 2 "$work/list" | tr '\n' '\0' | xargs -0 sha256sum -- | cut -d ' ' -f 1 >"$work/list.sums"
    cut -f 1 "$work/list" | paste - "$work/list.modes" "$work/list.sums"
)

# report_units: with systemd "unit TAB enabled TAB active", otherwise "process TAB whether it runs".
report_units() {
    local device
    if uses_systemd; then
        systemctl show --property=Id,UnitFileState,ActiveState "${want[name]}"-{watch,firewall,wireguard,wireguard-b,proxy}.service "${want[name]}-renewal.timer" 2>/dev/null |
            awk -F= '$1 == "Id" { id = $2 } $1 == "ActiveState" { active = $2 } $1 == "UnitFileState" { enabled = $2 }
                $0 == "" { if (id != "") print id "\t" enabled "\t" active; id = "" } END { if (id != "") print id "\t" enabled "\t" active }' |
            answer units
        return 0
    fi
    {
        runs watch
        runs proxy
        runs proxy.supervisor
        runs renewal
        while read -r device; do ! interface_exists "$device" || ! is_userspace "$device" || runs "wireguard.$device.supervisor"; done < <(interfaces)
    } | answer processes
}

runs() { if alive "$1"; then printf '%s\t1\n' "$1"; else printf '%s\t0\n' "$1"; fi; }

# report_elements: "- SET ELEMENT" for what the relay's record puts into the table and the kernel lacks, "+" for what is
# there besides. The whole table is loaded in a network namespace that disappears with the process.
report_elements() {
    [[ -f "$(current firewall.nft)" ]] || return 0
    nft -s list table inet "${want[table]}" | table_elements | sort >"$work/elements.live"
    # shellcheck disable=SC2016 # expands in the inner shell
    whole_table_nft | unshare -n bash -c 'nft -f - && nft -s list table inet "$1"' table "${want[table]}" 2>/dev/null |
        table_elements | sort >"$work/elements.wanted" || return 0
    { comm -23 "$work/elements.wanted" "$work/elements.live" | sed 's/^/- /'; comm -13 "$work/elements.wanted" "$work/elements.live" | sed 's/^/+ /'; } | answer elements.differ
}

# "SET ELEMENT" lines out of what nft lists; a time that passes is left out.
table_elements() {
    awk '
        $1 == "set" { set = $2 }
        sub(/^.*elements = \{/, "") { on = 1 }
        on { line = $0; last = sub(/\}.*/, "", line); n = split(line, list, ",")
             for (i = 1; i <= n; i++) { gsub(/ (timeout|expires) [0-9a-z]+/, "", list[i]); gsub(/^[ \t]+|[ \t]+$/, "", list[i])
                 if (list[i] != "" && set !~ /^seen/) print set, list[i] }
             if (last) on = 0 }'
}

# What the relay would fill its interfaces with: the record without preshared keys. "-": the wire has another one.
report_record_of_peers() {
    local device table
    table=$(current peers)
    [[ -f "$table" ]] || return 0
    [[ ! -f "$(current network)" ]] || answer kept.network <"$(current network)"
    : >"$work/wire"
    while read -r device; do { wg show "$device" preshared-keys 2>/dev/null || true; } >>"$work/wire"; done < <(interfaces)
    awk -F'\t' -v OFS='\t' '
        FILENAME == ARGV[1] { if (!($1 in psk)) psk[$1] = $2; else if (psk[$1] != $2) psk[$1] = "differ"; next }
        { $2 = (!($1 in psk) || psk[$1] == $2 ? "=" : "-"); print }' "$work/wire" "$table" | answer kept.peers
}

# While the relay's key is rotated: rules, routes and the table that lead to the newer interface.
report_rotation() { ! rotating || rotation_faults | answer rotation; }

is_rotation_whole() { [[ -z "$(rotation_faults)" ]]; }

rotation_faults() {
    local mark family network
    mark=$(cat -- "$etc/epoch-mark" 2>/dev/null) || mark=""
    {
        while read -r network; do
            family=$(family_of "$network")
            { [[ -n "$mark" ]] && has_rule "$family" "$mark"; } || echo "the routing rule of the packet mark is missing"
            [[ -n "$mark" && -n "$(ip "$family" route show table "$((mark))" dev "$(newest)" 2>/dev/null)" ]] || echo "the route to $network over $(newest) is missing"
        done < <(networks)
        if [[ -z "$mark" ]] || ! is_epochs_table_whole "$mark"; then echo "the table inet $(epochs_table) is missing or was changed"; fi
    } | sort -u
}

is_epochs_table_whole() {
    nft -s -t list table inet "$(epochs_table)" >"$work/epochs.live" 2>/dev/null || return 1
    # shellcheck disable=SC2016 # expands in the inner shell
    epochs_nft "$1" | unshare -n bash -c 'nft -f - && nft -s -t list table inet "$1"' table "$(epochs_table)" >"$work/epochs.wanted" 2>/dev/null || return 0
    cmp -s "$work/epochs.live" "$work/epochs.wanted"
}
