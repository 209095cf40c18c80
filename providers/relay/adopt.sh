# shellcheck shell=bash
# Adoption of an existing interface. Its private key decides whose it is: it is
# adopted if it has the relay's key, and refused otherwise. Nothing on it is recreated, so no session ends.
#
# Gives: step_adoption, keep_forwarding, kept_elements, forget_kept, adopt_interface, watch_interface, is_userspace,
#   interface_number, found_running, take_over_running, wait_for_former, report_former.
# Needs, of the manifest: adopts, namespace, interface.
# Needs, of core/protocol: elements.ts, facts.ts, interfaces.ts, network.ts, peers.ts.

# refuse_foreign DEVICE: unless it bears the key that makes it this relay's.
refuse_foreign() {
    local other live
    answers_wg "$1" >/dev/null 2>&1 || refuse "the interface $1 exists but does not belong to this relay" "remove it, or give the Relay another \`interface\`"
    other=$(other_owner "$1")
    [[ -z "$other" ]] || refuse "the interface $1 belongs to $other" "give the Relay another \`interface\`"
    [[ -n "${want[adopts]:-}" ]] ||
        refuse "the interface $1 exists but does not belong to this relay" "remove it, give the Relay another \`interface\`, or adopt it with \`privateKey\`"
    live=$(answers_wg "$1")
    [[ "$live" == "${want[adopts]}" ]] ||
        refuse "the interface $1 has a different private key (public key $live) than the Relay's \`privateKey\` (public key ${want[adopts]})" \
            "set \`privateKey\` to the key of the interface, or remove the interface"
}

# Another relay of this machine, whatever it is called, that records the interface as its own.
other_owner() {
    local manifest
    for manifest in /etc/*/manifest; do
        [[ -f "$manifest" && "$manifest" != "$etc/manifest" && -f "${manifest%manifest}owner" ]] || continue
        awk -F'\t' -v device="$1" -v namespace="${want[namespace]:-}" '
            $1 == "interface" { same = ($2 == device) }
            $1 == "namespace" { where = $2 }
            END { exit !(same && where == namespace) }' "$manifest" || continue
        cat "${manifest%manifest}owner"
        break
    done
}

# is_foreign DEVICE: it is there, and nothing of ours says that this relay brought it up.
is_foreign() { ! is_recorded "$1" && ! is_marked "$1" && interface_exists "$1"; }

# step_adoption: an interface that is about to be taken over as it is now, to be compared with what is wanted. Nothing is
# changed; there is no answer where there is nothing to take over.
step_adoption() {
    local device=${want[interface]}
    if ! has_command ip || ! has_command wg || ! is_foreign "$device" || ! answers_wg "$device" >/dev/null 2>&1; then return 0; fi
    # Its private key stays here.
    wg show "$device" dump | awk -F'\t' -v OFS='\t' 'NR == 1 { $1 = "(none)" } 1' | answer "dump.$device"
    report_network "$device" | answer "network.$device"
}

# Before the table is loaded: what an interface that is taken over forwards goes on until the grants are there. The relay's
# own ports are closed from here on. A family in which it forwards nothing stays closed. Rules of others that limit it still do
# so, but they may be gone after a boot: `$run/kept` holds for this boot alone, and the record of elements is empty meanwhile.
keep_forwarding() {
    local device=${want[interface]}
    is_foreign "$device" || return 0
    refuse_foreign "$device"
    # A record that is there was loaded already: what it has closed stays closed.
    [[ ! -f "$etc/elements" ]] || return 0
    {
        boot_mark
        report_network "$device" | awk '$1 == "forwarding" && $2 == 1 { print "any4 0.0.0.0/0 . 0.0.0.0/0" }
            $1 == "forwarding6" && $2 == 1 { print "any6 ::/0 . ::/0" }'
    } | install_file "$run/kept"
    install_file "$etc/elements" </dev/null
}

kept_elements() { sysctls_in "$run/kept" "$(boot_mark)"; }
forget_kept() { rm -f -- "$run/kept"; }

# adopt_interface DEVICE: what is on the wire becomes our record of it, which a rollback leads to; from here on it is
# changed as any interface of ours.
adopt_interface() {
    refuse_foreign "$1"
    local device=$1 key address
    # Rewriting a whole peer would leave it without allowed IPs for a moment; setting its keepalive alone does not.
    while read -r key; do wg set "$device" peer "$key" persistent-keepalive off; done < <(
        wg show "$device" dump | awk -F'\t' 'NR == FNR { off[$1] = ($4 == "off"); next } NF == 8 && off[$1] && $8 != "off" { print $1 }' "$work/peers" -)
    if [[ ! -f "$etc/peers" ]]; then
        awk -F'\t' -v device="$device" '$1 == device' "$work/interfaces" | install_file "$etc/interfaces"
        install_file "$etc/key.$device" <"$work/key.$device"
        report_network "$device" | awk '$1 == "address" || $1 == "mtu" || $1 == "route"' | install_file "$etc/network"
        # Last: with it the record counts.
        wg show "$device" dump | awk -F'\t' -v OFS='\t' 'NR > 1 { print $1, $2, $4, $8, "(none)", "-", "-" }' | install_file "$etc/peers"
    fi
    # The same address with another prefix length must not be gone in between.
    while read -r address; do
        [[ -z "$(ip -o address show dev "$device" to "${address%/*}")" ]] || ip address replace "$address" dev "$device"
    done < <(awk '$1 == "address" { print $2 }' "$work/network")
    printf '%s\n' "$device" | answer adopted
}

# watch_interface DEVICE: it runs already. What fills it once it is gone is started, and waits; a wireguard-go that
# another program started is not started a second time and not stopped.
watch_interface() {
    interface_number "$1" >"$run/$1.running"
    if uses_systemd; then
        systemctl --quiet is-active "$(unit_of "$1")" || systemctl --quiet start "$(unit_of "$1")"
    elif is_userspace "$1" && ! alive "wireguard.$1.supervisor"; then
        supervise "wireguard.$1.supervisor" supervise-wireguard "$1"
        wait_for 5 alive "wireguard.$1.supervisor" || refuse "the supervisor of $1 did not start" "this is a fault of this library; please report it"
    fi
}

is_userspace() { [[ -z "$(ip -o link show type wireguard dev "$1" 2>/dev/null)" ]]; }
interface_number() { ip -o link show dev "$1" | cut -d : -f 1; }

# found_running DEVICE: at boot, or when the unit starts, the interface already exists. Another relay's interface is left alone.
found_running() {
    interface_exists "$1" && answers_wg "$1" >/dev/null 2>&1 || return 1
    [[ "$(answers_wg "$1")" == "$(wg pubkey <"$etc/key.$1")" ]] ||
        refuse "the interface $1 was brought up with a different private key" "find out what brings it up at boot, and disable that"
}

# An interface that another program brought up may be older than our record and have revoked peers, unless an apply has just corrected it.
take_over_running() {
    if [[ ! -f "$run/$1.running" || "$(<"$run/$1.running")" != "$(interface_number "$1")" ]]; then
        setconf_of "$1" >"$work/$1.conf"
        wg syncconf "$1" "$work/$1.conf"
        set_network "$1"
    fi
    is_ready "$1"
    ! is_userspace "$1" || supervise_wireguard "$1"
}

# Waits until the other program's interface is gone.
wait_for_former() {
    # Its creator was killed before it was configured.
    is_filled "$1" || ! alive "wireguard.$1" || end_process "wireguard.$1"
    while alive "wireguard.$1"; do pause 0.2; done
    while interface_exists "$1" && answers_wg "$1" >/dev/null 2>&1; do pause 1; done
}

# Who else brings up an interface of this name, at boot or by hand: one "KIND TAB DETAIL" a line. Named, never touched.
report_former() {
    local device=${want[interface]} file
    {
        file=/etc/wireguard/$device.conf
        if [[ -f "$file" ]]; then
            if grep -qiE '^[[:space:]]*SaveConfig[[:space:]]*=[[:space:]]*true' "$file"; then printf 'saved\t%s\n' "$file"; else printf 'file\t%s\n' "$file"; fi
        fi
        if uses_systemd && systemctl --quiet is-enabled "wg-quick@$device.service" 2>/dev/null; then printf 'unit\twg-quick@%s\n' "$device"; fi
        for file in /etc/runlevels/*/wg-quick."$device"; do [[ ! -e "$file" ]] || printf 'service\t%s\n' "${file##*/}"; done
        for file in /etc/network/interfaces /etc/network/interfaces.d/*; do
            [[ ! -f "$file" ]] || ! grep -qE "^[[:space:]]*(auto|iface)[[:space:]]+${device}([[:space:]]|\$)" "$file" || printf 'network\t%s\n' "$file"
        done
        for file in /etc/systemd/network/*.netdev; do
            [[ ! -f "$file" ]] || ! grep -qxE "[[:space:]]*Name=${device}[[:space:]]*" "$file" || printf 'network\t%s\n' "$file"
        done
    } | answer former
}
