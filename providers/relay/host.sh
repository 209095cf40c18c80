# shellcheck shell=bash
# What a relay keeps on its machine besides interface, rules and proxy: directories, the program for boots, units where there is systemd.
#
# Gives: step_host, install_program, machine_id, step_host_delete, step_remove, step_facts, report_host,
#   report_surroundings, step_read.
# Needs, of the manifest: namespace, name, id, table, what, record.
# Needs, of core/protocol: carried.ts, facts.ts, interfaces.ts, journal.ts, mark.ts, network.ts, owner.ts,
#   surroundings.ts.

step_host() {
    check_machine
    install -d -m 0700 -- "$etc" "$run"
    write_owner
    [[ ! -s "$work/carried" ]] || install_file "$etc/carried" <"$work/carried"
    install_program
    install_file "$etc/manifest" <"$work/boot-manifest"
    install_units
    sweep
    write_mark host
    commit
    report_host
}

# What starts at boot is the program of the last apply, whichever step that was.
install_program() {
    install_file "$etc/program" 0700 <"$work/program"
    sha256sum <"$etc/program" | cut -d ' ' -f 1 | install_file "$etc/program.sum"
}

# A recreated namespace is a different machine.
machine_id() {
    local id
    id=$(cat /etc/machine-id 2>/dev/null || cat /proc/sys/kernel/random/boot_id)
    printf '%s%s\n' "$id" "${want[namespace]:+/$(stat -L -c %i /proc/self/ns/net)}"
}

install_units() {
    uses_systemd || return 0
    local file unit
    for file in "$work"/unit.*; do
        unit=${file##*/unit.}
        install_file "/etc/systemd/system/$unit" 0644 <"$file"
    done
    systemctl --quiet daemon-reload
    for file in "$work"/unit.*; do systemctl --quiet enable "${file##*/unit.}"; done
}

step_host_delete() {
    bears_mark host || { echo skipped | answer skipped; return 0; }
    remove_parts
    stop_process proxy
    stop_process watch
    end_listening
    local device
    for device in $(interfaces); do stop_process "wireguard.$device"; done
    if uses_systemd; then
        disarm_rollback
        local file
        for file in /etc/systemd/system/"${want[name]}"-{watch,firewall,wireguard,wireguard-b,proxy}.service; do
            [[ -e "$file" ]] || continue
            systemctl --quiet disable --now "${file##*/}"
            # What was ended while it worked stays listed as failed, also when its file is gone.
            systemctl --quiet reset-failed "${file##*/}" 2>/dev/null || true
            rm -f -- "$file"
        done
        systemctl --quiet daemon-reload
    fi
    rm -rf -- "$etc"
    rm -rf -- "$run"
}

# Everything of this relay in this place, whichever resource it belongs to, in the order of a destroy: for a relay
# that moves to another name or another machine. The owner has been checked.
step_remove() {
    if [[ ! -f "$etc/mark.host" ]]; then
        remove_parts
        return 0
    fi
    want[id]=$(<"$etc/mark.host")
    step_host_delete
}

# What is still here of the other resources: removed before, unless an update was refused on its way to this place.
remove_parts() {
    local part id=${want[id]:-}
    for part in grants proxy wireguard firewall; do
        [[ -f "$etc/mark.$part" ]] || continue
        want[id]=$(<"$etc/mark.$part")
        "step_${part}_delete"
    done
    want[id]=$id
}

# What TypeScript must know before it begins anything; nothing is changed and no lock is taken.
step_facts() {
    {
        printf 'machine\t%s\n' "$(machine_id)"
        [[ ! -f "$etc/generation" ]] || printf 'generation\t%s\n' "$(<"$etc/generation")"
        [[ ! -f "$etc/audit-mark" ]] || printf 'auditMark\t%s\n' "$(<"$etc/audit-mark")"
        [[ -z "${QP_TUNNEL_CLIENT:-}" ]] || printf 'client\t%s\n' "$QP_TUNNEL_CLIENT"
        [[ ! -f "$etc/rolled-back" ]] || awk 'NR == 1 { print "rolledBack\t" $0 } NR == 2 { print "cutOff\t" $0 }' "$etc/rolled-back"
        [[ ! -f "$etc/owner" ]] || printf 'owner\t%s\n' "$(<"$etc/owner")"
        [[ ! -f "$etc/relay-id" ]] || printf 'relayId\t%s\n' "$(<"$etc/relay-id")"
        sed 's/^/mark\t/' "$etc"/mark.* 2>/dev/null || true
        # A machine that was never set up may lack it: its packages come with the first step.
        has_command ip || ip() { true; }
        { ip -o -4 address show; ip -o -6 address show; } 2>/dev/null | awk '{ print "address\t" $2 " " $4 }'
        { ip -4 route show; ip -6 route show; } 2>/dev/null |
            awk '{ via = dev = ""; for (i = 1; i < NF; i++) { if ($i == "via") via = $(i + 1); if ($i == "dev") dev = $(i + 1) }
                   print "route\t" $1 " " dev " " via }'
    } | answer facts
    [[ ! -f "$etc/journal" ]] || answer journal <"$etc/journal"
}

report_host() {
    {
        printf 'machine\t%s\n' "$(machine_id)"
        printf 'address\t%s\n' "$(own_address)"
        printf 'wireguard\t%s\n' "$(backend)"
        if uses_systemd; then printf 'supervisor\tsystemd\n'; else printf 'supervisor\tprocesses\n'; fi
        printf 'wg\t%s\n' "$(wg --version | awk 'NR == 1 { print $2 }')"
        printf 'nft\t%s\n' "$(nft --version | awk 'NR == 1 { print $2 }')"
        printf 'kernel\t%s\n' "$(uname -r)"
        ! has_command caddy || printf 'caddy\t%s\n' "$(caddy version 2>/dev/null | awk 'NR == 1 { print $1 }')"
    } | answer host
    report_surroundings
}

# What else on this machine decides about packets of the relay: every table but its own, and those of iptables-legacy. A table
# that is removed in the meantime is ignored.
report_surroundings() {
    local family foreign
    {
        [[ ! -s "$etc/interfaces" ]] || awk -F'\t' '{ print "interface\t" $1 "\t" $2 }' "$etc/interfaces"
        [[ ! -f "$etc/network" ]] || awk '$1 == "subnet" || $1 == "behind" { print $1 "\t" $2 }' "$etc/network"
    } | answer ours
    while read -r _ family foreign; do
        case "$family $foreign" in
        "inet ${want[table]}") ;;
        *) nft -j list table "$family" "$foreign" 2>/dev/null || true ;;
        esac
    done < <(nft list tables 2>/dev/null || true) | answer ruleset
    report_legacy ip /proc/net/ip_tables_names iptables-legacy-save
    report_legacy ip6 /proc/net/ip6_tables_names ip6tables-legacy-save
}

# report_legacy FAMILY LIST PROGRAM: the kernel lists the tables that iptables-legacy made; its own program reads them.
report_legacy() {
    [[ -s "$2" ]] || return 0
    if ! has_command "$3" || ! "$3" >"$work/legacy" 2>/dev/null; then
        sed "s/^/$1 /" "$2" | answer legacy.unread
        return 0
    fi
    answer "legacy.$1" <"$work/legacy"
}

step_read() {
    if [[ ! -f "$etc/mark.${want[what]}" ]]; then
        echo "${want[what]}" | answer missing
        return 0
    fi
    answer mark <"$etc/mark.${want[what]}"
    [[ ! -f "$etc/audit-mark" ]] || answer auditmark <"$etc/audit-mark"
    [[ -z "${want[record]:-}" ]] || report_record
    case "${want[what]}" in
    host) report_host ;;
    firewall)
        report_firewall
        ! table_exists || report_elements
        ;;
    grants) report_firewall ;;
    wireguard)
        report_wireguard
        report_record_of_peers
        report_rotation
        ;;
    proxy) report_proxy ;;
    esac
    report_files
}
